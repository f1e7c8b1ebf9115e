/**
 * A cage is a pid namespace for child processes that must not outlive this one, whatever ends it. Its
 * first process, the warden, waits on a pipe from us. When that closes, by `close` or because the kernel
 * closed it for a process that was killed, the warden kills all others, clears up and ends; should the
 * warden be killed itself, the kernel kills everything in its namespace.
 *
 * Compared with `unshare --kill-child` in front of every command this has no moment in which a child is
 * already started and not yet bound, costs no extra program per child, and something is left to clear up.
 */
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { bytePathFromText } from '../core/byte-path.ts';
import { HostError } from '../core/errors.ts';
import { lastSystemError, libcFunction } from './libc.ts';
import { bindMount, unmount } from './mount.ts';
import { enterMountNamespace } from './mount-namespace.ts';
import { preparePidNamespace } from './pid-namespace.ts';
import type { StartChild } from './start-child.ts';

const unshare = libcFunction('int unshare(int flags)');
const setns = libcFunction('int setns(int fd, int type)');
const mountNamespace = 0x00020000;

export interface Cage {
  /** Starts a child process in the cage, with a /proc that shows the cage only and all mounts made so far. */
  readonly start: StartChild;
  /** Ends everything in the cage. @param needsClearing whether anything may be left of what ran in it */
  close(needsClearing: boolean): Promise<void>;
}

/**
 * $1 is where the cage's /proc goes, the rest a command. It is tried again until what was killed is gone, and left
 * when we say that there is nothing to clear up; the pipe says nothing when it closes because we are gone.
 */
const warden = `
mount -t proc -o nosuid,nodev,noexec proc "$1" || exit
echo ready
shift
read -r order
kill -KILL -1 2>/dev/null
[ "$order" = leave ] && exit
for pause in 0.01 0.03 0.1 0.3 1 0; do "$@" 2>/dev/null && break; sleep $pause; done
`;

/**
 * @param procDirectory where the cage's /proc is mounted; made when missing
 * @param clearUp the command and arguments the warden runs when all others are dead, again while it fails
 * @throws HostError `no-cage`
 */
export async function openCage(procDirectory: string, clearUp: readonly string[]): Promise<Cage> {
  enterMountNamespace();
  mkdirSync(procDirectory, { recursive: true });
  const pids = preparePidNamespace();
  // In a session of its own: what is typed at the terminal is for us to handle.
  const child = pids.startFirst('sh', ['-c', warden, 'warden', procDirectory, ...clearUp], {
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  let said = '';
  child.stderr?.on('data', (chunk) => {
    said += String(chunk);
  });
  const ended = once(child, 'close').then(
    () => false,
    () => false,
  );
  const ready = child.stdout === null ? false : once(child.stdout, 'data').then(() => true);
  if (!(await Promise.race([ready, ended]))) {
    pids.close();
    throw noCage(said.trim());
  }
  // None keeps a process alive that has nothing else to do.
  child.unref();
  child.stdout?.destroy();
  child.stderr?.destroy();
  const mounts = openSync('/proc/thread-self/ns/mnt', 'r');

  return {
    start: (...started) => {
      // Coming back into a mount namespace puts a thread into its root directory.
      const directory = process.cwd();
      check(unshare(mountNamespace), 'unshare');
      try {
        bindMount(bytePathFromText(procDirectory), '/proc');
        return pids.start(...started);
      } finally {
        check(setns(mounts, mountNamespace), 'setns');
        process.chdir(directory);
      }
    },
    close: async (needsClearing) => {
      try {
        unmount(bytePathFromText(procDirectory));
        pids.close();
        closeSync(mounts);
      } finally {
        // From here on there is something to wait for.
        child.ref();
        // The warden may have been killed.
        child.stdin?.on('error', () => {});
        child.stdin?.end(needsClearing ? undefined : 'leave\n');
        await ended;
      }
    },
  };
}

/** @param said what the warden printed before it ended */
function noCage(said: string): HostError {
  // mount(8) goes on with where else to look.
  const [first = ''] = said.split('\n');
  const reason = first === '' ? 'sh or mount is missing' : first;
  const isForbidden = /permission denied|not permitted/i.test(said);
  return new HostError('no-cage', `cannot start the process that watches over the steps: ${reason}`, {
    hint: isForbidden
      ? 'a container that hides parts of its /proc allows no other: docs/ROOTLESS.md has the flags to start it with'
      : 'a shell and mount(8), of util-linux or busybox, must be on PATH',
  });
}

function check(result: number, syscall: string): void {
  if (result < 0) throw lastSystemError(syscall, 'namespace');
}
