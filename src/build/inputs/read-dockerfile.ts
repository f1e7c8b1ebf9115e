/** Finds and reads the Dockerfile of a build, and the ignore file that goes with it. */
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { openFolder } from '../../context/folder.ts';
import { withoutCredentials } from '../../context/git/reference.ts';
import { type Context, type ContextRequest, download } from '../../context/open-context.ts';
import { compileIgnore, type IgnoreRules } from '../../context/patterns/ignore.ts';
import { bytePathFromText, bytePathToFs, joinBytePath } from '../../core/byte-path.ts';
import { HostError, systemCode } from '../../core/errors.ts';
import { resolveBeneath } from '../../core/file-tree.ts';
import { readWhole } from '../../core/read-whole.ts';
import { isUrl } from '../../core/remote-name.ts';
import { dockerfileLimit } from '../../dockerfile/text/decode.ts';

export interface DockerfileSource {
  /** Undefined when it came from a stream. */
  readonly path?: string;
  /** What messages call it. */
  readonly shown: string;
  readonly bytes: Uint8Array;
}

/**
 * Reads the Dockerfile.
 * @param given `-f`: `-` is standard input, a URL is downloaded; undefined means Dockerfile, or dockerfile, of the
 *   context
 * @throws HostError `no-dockerfile`, `bad-dockerfile`; what downloading throws
 */
export async function readDockerfile(
  given: string | undefined,
  context: Context,
  { stdin, scratch, servers, signal }: Pick<ContextRequest, 'stdin' | 'scratch' | 'servers' | 'signal'>,
): Promise<DockerfileSource> {
  if (given !== undefined && isUrl(given)) {
    const file = join(scratch(), 'Dockerfile');
    await download(given, file, servers, signal);
    const shown = withoutCredentials(given);
    return { shown, bytes: await readText(createReadStream(file), shown) };
  }
  if (given === '-') return { shown: 'Dockerfile', bytes: await readText(stdin, 'standard input') };
  if (context.dockerfile !== undefined) return { shown: 'Dockerfile', bytes: context.dockerfile };
  const path = given === undefined ? join(context.directory, 'Dockerfile') : resolve(given);
  const found = context.isLocal
    ? find(path, given)
    : find(given ?? 'Dockerfile', given, (name) => placeBeneath(context.directory, name));
  return { path: found, shown: given ?? 'Dockerfile', bytes: await readText(createReadStream(found), found) };
}

/** @param placeOf where a name is on this machine */
function find(
  path: string,
  given: string | undefined,
  placeOf: (name: string) => string = (name) => name,
): string {
  const candidates = basename(path) === 'Dockerfile' ? [path, join(dirname(path), 'dockerfile')] : [path];
  for (const candidate of candidates) {
    const place = placeOf(candidate);
    const stat = statSync(place, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    // What is neither is read as a file: `-f <(generate)` names a pipe.
    if (!stat.isDirectory()) return place;
    throw new HostError('no-dockerfile', `"${candidate}" is a directory, not a Dockerfile`, {
      hint: 'name the file itself with -f',
    });
  }
  throw new HostError('no-dockerfile', `there is no Dockerfile at "${path}"`, {
    hint: given === undefined ? 'create one, or name another file with -f' : 'check the path given with -f',
  });
}

/** In a context that was fetched, whose links are a stranger's: none leads out of it. */
function placeBeneath(directory: string, name: string): string {
  const tree = openFolder(directory, { uidGid: 'keep' });
  const path = resolveBeneath(tree, bytePathFromText(name));
  return bytePathToFs(joinBytePath(bytePathFromText(directory), path)).toString();
}

function readText(stream: AsyncIterable<Uint8Array>, place: string): Promise<Buffer> {
  return readWhole(
    stream,
    dockerfileLimit,
    () => new HostError('bad-dockerfile', `${place} is too long for a Dockerfile`),
  );
}

/**
 * The ignore rules of a directory; undefined when it has no such file (a directory by that name is none).
 * `NAME.dockerignore` beside the Dockerfile replaces `.dockerignore` (Dockerfile reference, 5.1).
 */
export function readIgnoreRules(directory: string, dockerfile?: string): IgnoreRules | undefined {
  const own = dockerfile === undefined ? [] : [`${dockerfile}.dockerignore`];
  for (const path of [...own, join(directory, '.dockerignore')]) {
    try {
      return compileIgnore(readFileSync(path, 'utf8'), basename(path));
    } catch (error) {
      if (!['ENOENT', 'EISDIR'].includes(systemCode(error) ?? '')) throw error;
    }
  }
  return undefined;
}
