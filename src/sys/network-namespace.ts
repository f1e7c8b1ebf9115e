import { closeSync, openSync, writeFileSync } from 'node:fs';
import { assert } from '../core/assert.ts';
import { bytePathFromText } from '../core/byte-path.ts';
import { lastSystemError, libcFunction } from './libc.ts';
import { mountFilesystem } from './mount.ts';

const unshare = libcFunction('int unshare(int flags)');
const setns = libcFunction('int setns(int fd, int type)');
const networkNamespace = 0x40000000;

/**
 * Makes a network namespace without any connection, its loopback down, and shows it at `path`, a new file:
 * there it lives until it is unmounted, or its mount namespace is gone, and nobody is in it any more.
 * @throws a system error; HostError `mount-failed`
 */
export function makeNetworkNamespace(path: string): void {
  writeFileSync(path, '', { flag: 'wx' });
  const own = openSync('/proc/thread-self/ns/net', 'r');
  try {
    if (unshare(networkNamespace) < 0) throw lastSystemError('unshare', path);
    try {
      const source = '/proc/thread-self/ns/net';
      mountFilesystem({ source, target: bytePathFromText(path), flags: ['bind'] });
    } finally {
      const isBack = setns(own, networkNamespace) === 0;
      assert(isBack, 'a thread may come back to the network namespace it was in');
    }
  } finally {
    closeSync(own);
  }
}
