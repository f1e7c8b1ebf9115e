import { type Dirent, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../core/errors.ts';
import { spawnProcess } from './process/spawn.ts';

/**
 * Removes files and directories with all they hold; those that are missing are no error. By `rm`, which
 * neither minds names that are not text nor paths longer than the kernel takes, and leaves this process's
 * threads alone.
 * @throws Error with what `rm` said
 */
export async function removeTrees(paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  const complaints: Uint8Array[] = [];
  const result = await spawnProcess('rm', ['-rf', '--', ...paths], {
    onStderr: (chunk) => {
      if (complaints.length < 4) complaints.push(chunk);
    },
  });
  if (result.kind === 'not-started') throw result.error;
  if (result.kind === 'exited' && result.code === 0) return;
  throw new Error(`cannot remove ${paths.join(' ')}: ${Buffer.concat(complaints).toString().trim()}`);
}

/**
 * Removes a directory of ours with all it holds: few files, and names that are text. What is missing is no
 * error. Node's own tries first what fails for every directory that holds something.
 * @throws a system error, such as EBUSY where something is mounted
 */
export function removeSmallTree(directory: string): void {
  let entries: Dirent[];
  try {
    entries = readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw error;
  }
  for (const entry of entries) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) removeSmallTree(path);
    else unlinkSync(path);
  }
  rmdirSync(directory);
}
