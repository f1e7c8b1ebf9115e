import { spawnProcess } from './spawn.ts';

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
