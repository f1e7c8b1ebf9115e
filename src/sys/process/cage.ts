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
import { bytePathFromText } from '../../core/byte-path.ts';
import { HostError } from '../../core/errors.ts';
import { lastSystemError, libcFunction } from '../libc.ts';
import { bindMount, unmount } from '../mount/mount.ts';
import { enterMountNamespace } from '../mount/mount-namespace.ts';
import { preparePidNamespace } from './pid-namespace.ts';
import { openInputPipe, openOutputPipe } from './pipe.ts';
import type { Child, StartChild } from './start-child.ts';

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
const wardenScript = `
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
  const warden = startWarden(pids.startFirst, [procDirectory, ...clearUp]);
  if (!(await warden.isReady)) {
    pids.close();
    throw noCage(warden.said());
  }
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
        await warden.end(needsClearing);
      }
    },
  };
}

interface Warden {
  /** False when it ended instead. */
  readonly isReady: Promise<boolean>;
  /** What it complained of. */
  said(): string;
  end(needsClearing: boolean): Promise<void>;
}

/** It does not keep a process alive that has nothing else to do. */
function startWarden(start: StartChild, args: readonly string[]): Warden {
  const [orders, answers, complaints] = [openInputPipe(), openOutputPipe(), openOutputPipe()];
  const mine = [orders.input, answers.output, complaints.output];
  let child: Child;
  try {
    // In a session of its own: what is typed at the terminal is for us to handle.
    child = start('sh', ['-c', wardenScript, 'warden', ...args], {
      cwd: '/',
      env: process.env,
      stdio: [orders.readEnd, answers.writeEnd, complaints.writeEnd],
    });
  } catch (error) {
    // They would keep this process alive.
    for (const each of mine) each.destroy();
    throw error;
  } finally {
    orders.closeReadEnd();
    answers.closeWriteEnd();
    complaints.closeWriteEnd();
  }
  let said = '';
  complaints.output.on('data', (chunk) => {
    said += String(chunk);
  });
  // It may have been killed.
  orders.input.on('error', () => {});
  const release = () => {
    child.hold(false);
    orders.input.unref();
    answers.output.destroy();
    complaints.output.destroy();
  };
  const isReady = Promise.race([
    new Promise<boolean>((resolve) => answers.output.once('data', () => resolve(true))),
    Promise.all([child.ended, once(complaints.output, 'close')]).then(() => false),
  ]);
  return {
    isReady: isReady.finally(release),
    said: () => said.trim(),
    async end(needsClearing) {
      // From here on there is something to wait for.
      child.hold(true);
      if (!needsClearing) orders.input.write('leave\n');
      orders.input.end();
      await child.ended;
    },
  };
}

/** @param said what the warden printed before it ended */
function noCage(said: string): HostError {
  // mount(8) goes on with where else to look.
  const [first = ''] = said.split('\n');
  const reason = first === '' ? 'sh or mount is missing' : first;
  const isForbidden = /permission denied|not permitted|too revealing/i.test(said);
  return new HostError('no-cage', `cannot start the process that watches over the steps: ${reason}`, {
    hint: isForbidden
      ? 'a container that hides parts of its /proc allows no other: docs/ROOTLESS.md has the flags to start it with'
      : 'a shell and mount(8), of util-linux or busybox, must be on PATH',
  });
}

function check(result: number, syscall: string): void {
  if (result < 0) throw lastSystemError(syscall, 'namespace');
}
