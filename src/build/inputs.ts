/** What a build reads: the Dockerfile, and the contexts its steps take files from. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type DigestIndex, openDigestIndex } from '../context/digest-index.ts';
import { openFolder } from '../context/folder.ts';
import { compileIgnore, type IgnoreRules } from '../context/ignore.ts';
import { assert } from '../core/assert.ts';
import { HostError, systemCode, UsageError } from '../core/errors.ts';
import type { FileTree } from '../core/file-tree.ts';
import { SourceText } from '../core/span.ts';
import { decodeDockerfile } from '../dockerfile/decode.ts';
import type { NamedContext } from '../plan/plan.ts';
import type { BuildIO, BuildOptions } from './options.ts';

export interface BuildInputs {
  readonly dockerfile: SourceText;
  /** Of the main context. */
  readonly ignoreRules: IgnoreRules | undefined;
  /** As planning wants the named contexts. */
  readonly named: ReadonlyMap<string, NamedContext>;
  /** The files of a context; '' is the main one. */
  tree(name: string): Promise<FileTree>;
  /** Keeps what was learnt about the content of unchanged files for the next build. */
  save(): Promise<void>;
}

/**
 * Finds and reads the Dockerfile and the ignore files.
 * @throws HostError `no-context`, `no-dockerfile`; DockerfileError for a bad ignore file
 */
export async function openInputs(options: BuildOptions, io: BuildIO): Promise<BuildInputs> {
  const startedAt = io.now();
  const directory = contextDirectory(options.context);
  const file = findDockerfile(options.dockerfile, directory);
  const bytes = file.path === '-' ? await readAll(io.stdin) : readFileSync(file.path);
  const named = new Map<string, NamedContext>();
  const folders = new Map<string, { directory: string; ignore: IgnoreRules | undefined }>();
  const mainRules = ignoreRules(directory, file.path);
  folders.set('', { directory, ignore: mainRules });
  for (const [name, value] of options.buildContexts) {
    const context = readNamedContext(name, value);
    named.set(name, context.plan);
    if (context.directory !== undefined) {
      folders.set(name, { directory: context.directory, ignore: ignoreRules(context.directory) });
    }
  }
  const indexes: DigestIndex[] = [];
  const trees = new Map<string, FileTree>();
  return {
    dockerfile: new SourceText(file.shown, decodeDockerfile(bytes)),
    ignoreRules: mainRules,
    named,
    async tree(name) {
      const known = trees.get(name);
      if (known !== undefined) return known;
      const folder = folders.get(name);
      assert(folder !== undefined, `the plan asks for known contexts only, not "${name}"`);
      const digests = openDigestIndex(indexFile(options.root, folder.directory), startedAt);
      indexes.push(digests);
      const tree = openFolder(folder.directory, { ignore: folder.ignore, uidGid: 'root', digests });
      trees.set(name, tree);
      return tree;
    },
    async save() {
      for (const index of indexes) await index.save();
    },
  };
}

function contextDirectory(context: string): string {
  const directory = resolve(context);
  const stat = statSync(directory, { throwIfNoEntry: false });
  if (stat?.isDirectory()) return directory;
  const what = stat === undefined ? 'does not exist' : 'is not a directory';
  throw new HostError('no-context', `the build context "${context}" ${what}`, {
    hint: 'the last argument names the directory that COPY takes files from, often "."',
  });
}

function findDockerfile(given: string | undefined, directory: string): { path: string; shown: string } {
  if (given === '-') return { path: '-', shown: 'Dockerfile' };
  const path = given === undefined ? join(directory, 'Dockerfile') : resolve(given);
  const shown = given ?? 'Dockerfile';
  const candidates = basename(path) === 'Dockerfile' ? [path, join(dirname(path), 'dockerfile')] : [path];
  for (const candidate of candidates) {
    const stat = statSync(candidate, { throwIfNoEntry: false });
    if (stat?.isFile()) return { path: candidate, shown };
    if (stat?.isDirectory()) {
      throw new HostError('no-dockerfile', `"${candidate}" is a directory, not a Dockerfile`, {
        hint: 'name the file itself with -f',
      });
    }
  }
  throw new HostError('no-dockerfile', `there is no Dockerfile at "${path}"`, {
    hint: given === undefined ? 'create one, or name another file with -f' : 'check the path given with -f',
  });
}

/** `NAME.dockerignore` beside the Dockerfile replaces `.dockerignore` (Dockerfile reference, 5.1). */
function ignoreRules(directory: string, dockerfile?: string): IgnoreRules | undefined {
  const own = dockerfile === undefined || dockerfile === '-' ? [] : [`${dockerfile}.dockerignore`];
  for (const path of [...own, join(directory, '.dockerignore')]) {
    try {
      return compileIgnore(readFileSync(path, 'utf8'), basename(path));
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
    }
  }
  return undefined;
}

function readNamedContext(name: string, value: string): { plan: NamedContext; directory?: string } {
  const image = /^docker-image:\/\/(.+)$/.exec(value)?.[1];
  if (image !== undefined) return { plan: { kind: 'image', reference: image } };
  if (value.startsWith('oci-layout://')) return { plan: { kind: 'image', reference: value } };
  if (/^([a-z]+:\/\/|git@)/.test(value)) {
    throw new UsageError('bad-build-context', `--build-context ${name}=${value}: not supported yet`, {
      hint: 'a directory, docker-image://… or oci-layout://… works',
    });
  }
  return { plan: { kind: 'tree' }, directory: contextDirectory(value) };
}

function indexFile(root: string, directory: string): string {
  const contexts = join(root, 'contexts');
  mkdirSync(contexts, { recursive: true, mode: 0o700 });
  return join(contexts, createHash('sha256').update(directory).digest('hex').slice(0, 32));
}

async function readAll(stream: BuildIO['stdin']): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
