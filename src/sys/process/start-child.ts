/**
 * Child processes that start without a copy of this one. Node forks, and the kernel then copies the tables of
 * all memory in use: a millisecond for every ten megabytes, and more for each page that is written to next
 * (docs/PERFORMANCE.md). posix_spawn(3) lends the memory to the child until its program begins.
 */
import { constants } from 'node:os';
import { assert } from '../../core/assert.ts';
import { libcFunction, systemError } from '../libc.ts';
import { findProgram } from '../probe.ts';

const posixSpawn = libcFunction(
  'int posix_spawn(void *pid, const char *path, const void *actions, const void *attributes, const char **argv, const char **envp)',
);
const initActions = libcFunction('int posix_spawn_file_actions_init(void *actions)');
const destroyActions = libcFunction('int posix_spawn_file_actions_destroy(void *actions)');
const addDuplicate = libcFunction('int posix_spawn_file_actions_adddup2(void *actions, int fd, int newfd)');
const addOpen = libcFunction(
  'int posix_spawn_file_actions_addopen(void *actions, int fd, const char *path, int flags, unsigned int mode)',
);
const addDirectory = libcFunction(
  'int posix_spawn_file_actions_addchdir_np(void *actions, const char *path)',
);
const initAttributes = libcFunction('int posix_spawnattr_init(void *attributes)');
const destroyAttributes = libcFunction('int posix_spawnattr_destroy(void *attributes)');
const setFlags = libcFunction('int posix_spawnattr_setflags(void *attributes, int16_t flags)');
const setDefaultSignals = libcFunction(
  'int posix_spawnattr_setsigdefault(void *attributes, const void *signals)',
);
const setSignalMask = libcFunction('int posix_spawnattr_setsigmask(void *attributes, const void *signals)');
const waitpid = libcFunction('int waitpid(int pid, void *status, int options)');

/** POSIX_SPAWN_SETSIGDEF, POSIX_SPAWN_SETSIGMASK, POSIX_SPAWN_SETSID. */
const spawnFlags = 0x04 | 0x08 | 0x80;
const readAndWrite = 2;
const doNotWait = 1;
/** More than any C library's posix_spawnattr_t and posix_spawn_file_actions_t take. */
const structBytes = 512;
/** Of a sigset_t, in every C library. */
const signalSetBytes = 128;

/** How a process that nobody canceled ended. */
export type ChildEnd =
  /** It never ran: no such program, no right to run it, no such working directory. */
  | { readonly kind: 'not-started'; readonly error: NodeJS.ErrnoException }
  | { readonly kind: 'signaled'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'exited'; readonly code: number };

export interface Child {
  /** Undefined for one that never ran. */
  readonly pid: number | undefined;
  readonly ended: Promise<ChildEnd>;
  /** Whether this process stays until it has ended, though it has nothing else to do; at first it does. */
  hold(isHeld: boolean): void;
  /** Sends a signal to it and what it started, as far as that stayed in its process group; none when it has ended. */
  killGroup(signal: NodeJS.Signals): void;
}

export interface ChildSettings {
  readonly cwd?: string | undefined;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What it has as standard input, output and error: descriptors of ours; /dev/null where undefined. */
  readonly stdio: readonly [number | undefined, number | undefined, number | undefined];
}

export type StartChild = (command: string, args: readonly string[], settings: ChildSettings) => Child;

/**
 * Starts a program in the namespaces of the calling thread, in a session of its own: out of reach of what is
 * typed at the terminal. A command without a slash is looked up in the PATH of `env` and the usual directories.
 */
export const startChild: StartChild = (command, args, settings) => {
  const path = command.includes('/') ? command : findProgram(command, settings.env.PATH);
  if (path === undefined) return notStarted(systemError(constants.errno.ENOENT, 'spawn', command));
  // Before the child can end.
  watchForEnds();
  const pid = spawnAt(path, [command, ...args], settings);
  if (pid < 0) return notStarted(systemError(-pid, 'spawn', command));
  const ended = new Promise<ChildEnd>((resolve) => running.set(pid, resolve));
  const hold = (isHeld: boolean) => {
    if (isHeld && running.has(pid)) held.add(pid);
    else held.delete(pid);
    stayForHeld();
  };
  hold(true);
  return {
    pid,
    ended,
    hold,
    killGroup(signal) {
      if (running.has(pid)) process.kill(-pid, signal);
    },
  };
};

/** @returns the pid, or the error's number below zero */
function spawnAt(path: string, argv: readonly string[], { cwd, env, stdio }: ChildSettings): number {
  const variables = Object.entries(env).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  );
  const actions = Buffer.alloc(structBytes);
  const attributes = Buffer.alloc(structBytes);
  initActions(actions);
  initAttributes(attributes);
  try {
    for (const [target, fd] of stdio.entries()) {
      if (fd === undefined) addOpen(actions, target, '/dev/null', readAndWrite, 0);
      else addDuplicate(actions, fd, target);
    }
    if (cwd !== undefined) addDirectory(actions, cwd);
    // Node ignores SIGPIPE, and what is ignored or blocked stays so in a child unless it is told otherwise.
    setFlags(attributes, spawnFlags);
    setDefaultSignals(attributes, Buffer.alloc(signalSetBytes, 0xff));
    setSignalMask(attributes, Buffer.alloc(signalSetBytes));
    const pid = Buffer.alloc(4);
    const error = posixSpawn(pid, path, actions, attributes, [...argv, null], [...variables, null]);
    return error === 0 ? pid.readInt32LE() : -error;
  } finally {
    destroyAttributes(attributes);
    destroyActions(actions);
  }
}

/** Children that have not ended, and who waits for each. */
const running = new Map<number, (end: ChildEnd) => void>();
/** Those that this process stays for. */
const held = new Set<number>();
let isWatching = false;
/** A pending timer, so that the process does not end while it waits for a child. */
let alive: NodeJS.Timeout | undefined;
const longMs = 2 ** 30;

function watchForEnds(): void {
  if (isWatching) return;
  isWatching = true;
  process.on('SIGCHLD', reapEnded);
}

function stayForHeld(): void {
  if (held.size > 0) {
    alive ??= setInterval(() => {}, longMs);
  } else {
    clearInterval(alive);
    alive = undefined;
  }
}

/** One signal may stand for several children, and for some of Node's. */
function reapEnded(): void {
  const status = Buffer.alloc(4);
  for (const [pid, resolve] of running) {
    if (waitpid(pid, status, doNotWait) !== pid) continue;
    running.delete(pid);
    held.delete(pid);
    resolve(endOf(status.readInt32LE()));
  }
  stayForHeld();
}

/** @param status as wait(2) gives it */
function endOf(status: number): ChildEnd {
  const killer = status & 0x7f;
  if (killer === 0) return { kind: 'exited', code: (status >> 8) & 0xff };
  const signal = signalNames.find(([, number]) => number === killer)?.[0];
  assert(signal !== undefined, `${killer} is a signal`);
  return { kind: 'signaled', signal };
}

const signalNames = Object.entries(constants.signals) as [NodeJS.Signals, number][];

function notStarted(error: NodeJS.ErrnoException): Child {
  return {
    pid: undefined,
    ended: Promise.resolve({ kind: 'not-started', error }),
    hold() {},
    killGroup() {},
  };
}
