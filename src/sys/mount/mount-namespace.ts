/**
 * A mount namespace of our own: mounts made in it are seen by nobody else and are gone with the process,
 * whatever kills it.
 *
 * Only the calling thread moves. Threads and child processes started later are born inside; those of
 * libuv's pool are not, because Node starts it while it loads an ES module, before the first line of the
 * program. So what is mounted is for child processes and *synchronous* file calls of the main thread.
 */
import { isMainThread } from 'node:worker_threads';
import { assert } from '../../core/assert.ts';
import { HostError } from '../../core/errors.ts';
import { lastSystemError, libcFunction } from '../libc.ts';
import { isInitialUserNamespace } from '../user-namespace/id-map.ts';
import { userNamespaceRefusal } from '../user-namespace/refusals.ts';
import { mountFilesystem } from './mount.ts';

const unshare = libcFunction('int unshare(int flags)');
const newMountNamespace = 0x00020000;
let isInside = false;

/**
 * Moves the main thread into a mount namespace of its own; does nothing the second time. Mounts made
 * outside later still appear inside, never the other way round.
 * @throws HostError `no-mount-namespace` when this process may not
 */
export function enterMountNamespace(): void {
  if (isInside) return;
  assert(isMainThread, 'only the main thread can enter a mount namespace');
  if (unshare(newMountNamespace) < 0) {
    const cause = lastSystemError('unshare', '/');
    // Some settings let people make user namespaces and do nothing in them.
    const refusal = isInitialUserNamespace() ? undefined : userNamespaceRefusal();
    throw new HostError(
      'no-mount-namespace',
      `cannot make a mount namespace for the build: ${refusal?.message ?? cause.message}`,
      {
        hint:
          refusal === undefined
            ? 'inside a container its seccomp or AppArmor profile may forbid it: docs/ROOTLESS.md has the flags to start it with'
            : `as root: ${refusal.mend}`,
        cause,
      },
    );
  }
  mountFilesystem({ source: 'none', target: '/', flags: ['recursive', 'slave'] });
  isInside = true;
}
