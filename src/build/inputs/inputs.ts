/** What a build reads: the Dockerfile, and the contexts its steps take files from. */
import type { ServerAccess } from '../../context/authorization.ts';
import { openContext } from '../../context/open-context.ts';
import type { IgnoreRules } from '../../context/patterns/ignore.ts';
import { DockerfileError, UsageError } from '../../core/errors.ts';
import type { FileTree } from '../../core/file-tree.ts';
import type { Diagnostic } from '../../core/source/diagnostic.ts';
import { SourceText } from '../../core/source/span.ts';
import { decodeDockerfile } from '../../dockerfile/text/decode.ts';
import type { NamedContext } from '../../plan/plan.ts';
import type { OnDamagedFile } from '../../sys/sealed-file.ts';
import type { BuildIO, BuildOptions } from '../options.ts';
import { isSwitchedOn } from '../switches.ts';
import { type ContextFolder, openContextTrees } from './context-trees.ts';
import { readDockerfile, readIgnoreRules } from './read-dockerfile.ts';

/** The Dockerfile and the files that a build takes. */
export interface BuildInputs {
  readonly dockerfile: SourceText;
  /** What is wrong with ignore files. */
  readonly problems: readonly Diagnostic[];
  /** Of the main context; undefined when it has none that can be read. */
  readonly ignoreRules: IgnoreRules | undefined;
  /** As planning wants the named contexts. */
  readonly named: ReadonlyMap<string, NamedContext>;
  /** How old the main context is, in seconds since the epoch; undefined for a directory. */
  readonly epochSeconds: number | undefined;
  /** The files of a context; '' is the main one. */
  tree(name: string): Promise<FileTree>;
  /** Keeps what was learnt about the content of unchanged files for the next build. */
  save(): Promise<void>;
}

/** As much of a build's options as says where its inputs are. */
export type InputOptions = Pick<
  BuildOptions,
  'root' | 'context' | 'dockerfile' | 'buildContexts' | 'buildArgs'
>;
/** What reading inputs takes of the world. */
export type InputIO = Pick<BuildIO, 'stdin' | 'signal' | 'now'> & {
  readonly servers: ServerAccess;
};

/**
 * Finds and reads the Dockerfile and the ignore files.
 * @param scratch makes an empty directory, for a context that has to be fetched or unpacked
 * @param onDamage told of what was kept of unchanged files and is damaged; it is gone then
 * @throws HostError `no-context`, `no-dockerfile`
 */
export async function openInputs(
  options: InputOptions,
  io: InputIO,
  scratch: () => string,
  onDamage?: OnDamagedFile,
): Promise<BuildInputs> {
  const startedAt = io.now();
  if (options.context === '-' && options.dockerfile === '-') {
    throw new UsageError('stdin-twice', 'context and Dockerfile cannot both come from standard input');
  }
  const { stdin, signal, servers } = io;
  const request = {
    stdin,
    scratch,
    keepsGitDirectory: isSwitchedOn(options.buildArgs, 'BUILDKIT_CONTEXT_KEEP_GIT_DIR'),
    hasCommitTimes: Boolean(new Map(options.buildArgs).get('SOURCE_DATE_EPOCH')),
    servers,
    signal,
  };
  const context = await openContext(options.context, request);
  const { directory } = context;
  const file = await readDockerfile(options.dockerfile, context, request);
  const named = new Map<string, NamedContext>();
  const folders = new Map<string, ContextFolder>();
  const problems: Diagnostic[] = [];
  const readRules = (place: string, dockerfile?: string): IgnoreRules | undefined => {
    try {
      return readIgnoreRules(place, dockerfile);
    } catch (error) {
      if (!(error instanceof DockerfileError)) throw error;
      problems.push(...error.diagnostics);
      return undefined;
    }
  };
  const mainRules = context.isLocal ? readRules(directory, file.path) : undefined;
  folders.set('', { directory, ignore: mainRules });
  for (const [name, value] of options.buildContexts) {
    const reference = imageReference(value);
    if (reference !== undefined) {
      named.set(name, { kind: 'image', reference });
      continue;
    }
    const { directory: place, isLocal, epochSeconds } = await openContext(value, request);
    named.set(name, { kind: 'tree', epochSeconds });
    folders.set(name, { directory: place, ignore: isLocal ? readRules(place) : undefined });
  }
  const trees = openContextTrees(options.root, folders, startedAt, onDamage);
  return {
    dockerfile: new SourceText(file.shown, decodeDockerfile(file.bytes)),
    problems,
    ignoreRules: mainRules,
    named,
    epochSeconds: context.epochSeconds,
    tree: async (name) => trees.open(name),
    save: () => trees.save(),
  };
}

/** What `docker-image://` and `oci-layout://` name; undefined for a tree of files. */
function imageReference(value: string): string | undefined {
  return (
    /^docker-image:\/\/(.+)$/.exec(value)?.[1] ?? (value.startsWith('oci-layout://') ? value : undefined)
  );
}
