import { type BytePath, bytePathToText } from '../../core/byte-path.ts';
import { HostError, systemCode } from '../../core/errors.ts';
import { lastErrorCode, lastSystemError, libcFunction, pathArgument } from '../libc.ts';
import { isInitialUserNamespace } from '../user-namespace/id-map.ts';

const mount = libcFunction(
  'int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data)',
);
const umount2 = libcFunction('int umount2(const char *target, int flags)');

const flagBits = {
  readOnly: 0x1,
  noSuid: 0x2,
  noDev: 0x4,
  noExec: 0x8,
  bind: 0x1000,
  recursive: 0x4000,
  slave: 0x80000,
  shared: 0x100000,
} as const;
const detach = 2;
const noFollow = 8;

export interface MountRequest {
  /** A device or directory; for filesystems without one, a name to show. */
  readonly source: BytePath;
  readonly target: BytePath;
  /** Undefined where only flags of a mount change, or for a bind mount. */
  readonly type?: string;
  readonly flags?: readonly (keyof typeof flagBits)[];
  /** The filesystem's own options, comma separated; at most 4095 bytes. */
  readonly data?: BytePath;
}

/**
 * mount(2). Relative paths count from the working directory of the calling thread.
 * @throws HostError `mount-failed`
 */
export function mountFilesystem(request: MountRequest): void {
  const { source, target, type, flags = [], data } = request;
  const bits = flags.reduce((sum, flag) => sum | flagBits[flag], 0);
  const text = data === undefined ? null : Buffer.from(`${data}\0`, 'latin1');
  if (mount(pathArgument(source), pathArgument(target), type ?? null, bits, text) === 0) return;
  const cause = lastSystemError('mount', target);
  const what = type ?? flags.join(' ');
  throw new HostError('mount-failed', `cannot mount ${what} at ${bytePathToText(target)}: ${cause.message}`, {
    hint: mountHint(systemCode(cause), type),
    cause,
  });
}

/**
 * Shows the directory or file `source` at `target` as well.
 * @throws HostError `mount-failed`
 */
export function bindMount(source: BytePath, target: BytePath): void {
  mountFilesystem({ source, target, flags: ['bind'] });
}

/**
 * Unmounts what is mounted last at `target`. Where it is still in use the mount is detached: out of sight
 * now, gone when its last user is.
 * @throws a system error: EINVAL when nothing is mounted there
 */
export function unmount(target: BytePath): void {
  const path = pathArgument(target);
  if (umount2(path, noFollow) === 0) return;
  if (lastErrorCode() === 'EBUSY' && umount2(path, noFollow | detach) === 0) return;
  throw lastSystemError('umount2', target);
}

function mountHint(code: string | undefined, type: string | undefined): string | undefined {
  if (code === 'EPERM' || code === 'EACCES') {
    if (isInitialUserNamespace()) return 'mounting needs root: run strata as root';
    return type === 'overlay'
      ? 'without root it takes Linux 5.11 or newer; inside a container also the flags that docs/ROOTLESS.md has'
      : 'inside a container its AppArmor profile may forbid it: docs/ROOTLESS.md has the flags to start it with';
  }
  if (code === 'ENODEV')
    return `the kernel does not know the filesystem "${type}": load its module (modprobe ${type})`;
  if (code === 'EINVAL' && type === 'overlay')
    return 'overlay does not work on every filesystem: put --root on ext4, xfs, btrfs or tmpfs, not on another overlay; in a container that is a volume or a tmpfs (dmesg says more)';
  return undefined;
}
