import { statfsSync } from 'node:fs';
import { spawnProcess } from './process/spawn.ts';

/** Well below what a command line may hold. */
const pathsAtOnce = 1000;

/**
 * The bytes that directory trees take on the disk, by `du`: blocks, not lengths, and a file with several names
 * once. What vanishes meanwhile counts nothing.
 *
 * @param names beneath `directory`; without line breaks
 */
export async function diskUsage(directory: string, names: readonly string[]): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (let at = 0; at < names.length; at += pathsAtOnce) {
    const chunks: Uint8Array[] = [];
    const result = await spawnProcess('du', ['-sk', '--', ...names.slice(at, at + pathsAtOnce)], {
      cwd: directory,
      onStdout: (chunk) => void chunks.push(chunk),
      onStderr: () => {},
    });
    if (result.kind === 'not-started') throw result.error;
    for (const line of Buffer.concat(chunks).toString().split('\n')) {
      const [, kibibytes, name] = /^([0-9]+)\t(.*)$/.exec(line) ?? [];
      if (name !== undefined) found.set(name, Number(kibibytes) * 1024);
    }
  }
  return found;
}

/** What a file may still grow by on the filesystem of a path: nothing where no file can be made any more. */
export function freeBytes(path: string): number {
  const { bavail, bsize, files, ffree } = statfsSync(path);
  return files > 0 && ffree === 0 ? 0 : bavail * bsize;
}
