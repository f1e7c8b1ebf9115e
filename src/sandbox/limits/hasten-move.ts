import { close, constants, existsSync, open, write } from 'node:fs';
import { join } from 'node:path';
import { cgroupRoot, ownCgroups } from './cgroup-place.ts';

/**
 * Has the kernel get ready to move a process into another control group, which every runtime is about to do
 * with its container. It waits then until each processor has passed through a quiet state, 8 to 20 ms, unless
 * somebody else moved a process just before: a quarter of what a small step takes (docs/PERFORMANCE.md). This
 * process moves to where it is, so that nothing changes, on a thread of its own while the runtime starts.
 */
export function hastenGroupMove(): void {
  // Asked for each time: whoever moved us since then meant it.
  const file = ownCgroups()
    .map(({ controllers, path }) => join(cgroupRoot, controllers, path, 'cgroup.procs'))
    .find((candidate) => existsSync(candidate));
  if (file === undefined) return;
  open(file, constants.O_WRONLY, (error, fd) => {
    // Not allowed to: then a step takes as long as it took.
    if (error === null) write(fd, '0', () => close(fd));
  });
}
