import { closeSync, openSync } from 'node:fs';
import { lastSystemError, libcFunction } from '../libc.ts';
import { requireProgram } from '../probe.ts';
import { isInitialUserNamespace } from '../user-namespace/id-map.ts';
import { type StartChild, startChild } from './start-child.ts';

const unshare = libcFunction('int unshare(int flags)');
const setns = libcFunction('int setns(int fd, int type)');
const newPidNamespace = 0x20000000;

/** A pid namespace for child processes; this process stays where it is. */
export interface PidNamespace {
  /** Makes the namespace with its first process, at whose end the kernel ends all others. */
  readonly startFirst: StartChild;
  /** Starts a further process in it. /proc must be that of the namespace. */
  readonly start: StartChild;
  close(): void;
}

/** @throws HostError `program-missing` */
export function preparePidNamespace(): PidNamespace {
  return isInitialUserNamespace() ? enteredByCall() : enteredByProgram();
}

/** This thread says where its children are born, and comes back: a matter of microseconds. */
function enteredByCall(): PidNamespace {
  const own = openSync('/proc/self/ns/pid', 'r');
  let inner: number | undefined;
  const bornInside = <T>(enter: () => number, start: () => T): T => {
    check(enter(), 'enter');
    try {
      return start();
    } finally {
      check(setns(own, newPidNamespace), 'leave');
    }
  };
  return {
    startFirst(...child) {
      const first = bornInside(
        () => unshare(newPidNamespace),
        () => startChild(...child),
      );
      if (first.pid !== undefined) inner = openSync(`/proc/${first.pid}/ns/pid`, 'r');
      return first;
    },
    start: (...child) =>
      bornInside(
        () => (inner === undefined ? -1 : setns(inner, newPidNamespace)),
        () => startChild(...child),
      ),
    close() {
      closeSync(own);
      if (inner !== undefined) closeSync(inner);
    },
  };
}

/** Coming back takes rights over the namespace that this process came from: its children go alone. */
function enteredByProgram(): PidNamespace {
  const hint = 'install util-linux (Debian: apt-get install util-linux)';
  const [forward, into] = [requireProgram('unshare', hint), requireProgram('nsenter', hint)];
  return {
    startFirst: (command, args, settings) =>
      startChild(forward, ['-p', '-f', '--', command, ...args], settings),
    // Whoever is first in a pid namespace is 1 in its /proc.
    start: (command, args, settings) =>
      startChild(into, ['--pid=/proc/1/ns/pid', '--', command, ...args], settings),
    close() {},
  };
}

function check(result: number, what: 'enter' | 'leave'): void {
  if (result < 0) throw lastSystemError(`${what} a pid`, 'namespace');
}
