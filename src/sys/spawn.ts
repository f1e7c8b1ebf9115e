import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { systemCode } from '../core/errors.ts';
import type { Cage } from './cage.ts';
import { openPipe } from './pipe.ts';

/** How a process ended. When several are true, the first of this list is what is told. */
export type ProcessResult =
  /** The signal of the caller ended it, however it then exited. */
  | { readonly kind: 'canceled' }
  /** It never ran: no such program, no right to run it, no such working directory. */
  | { readonly kind: 'not-started'; readonly error: NodeJS.ErrnoException }
  | { readonly kind: 'signaled'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'exited'; readonly code: number };

/** Takes a chunk of output; the process is not read further until the promise is fulfilled. */
export type TakeOutput = (chunk: Uint8Array) => void | Promise<void>;

export interface ProcessOptions {
  readonly cwd?: string;
  /** The whole environment; the own one when undefined. */
  readonly env?: Readonly<Record<string, string>>;
  /** What it reads from its standard input: bytes, or a file that is open here. Nothing when undefined. */
  readonly stdin?: Uint8Array | number;
  /** Undefined: the output is thrown away. */
  readonly onStdout?: TakeOutput;
  readonly onStderr?: TakeOutput;
  /** Ends it politely (SIGTERM), and when that does not help, hard (SIGKILL). */
  readonly signal?: AbortSignal;
  /** How long after SIGTERM the SIGKILL comes. */
  readonly graceMs?: number;
  /** Makes its outputs pipes of this owner: then it may open /dev/stdout. They are sockets otherwise. */
  readonly outputOwner?: { readonly uid: number; readonly gid: number };
  /** Where it is born: in the namespaces of this one when undefined. */
  readonly cage?: Cage;
}

const defaultGraceMs = 5_000;

/**
 * Runs a program and waits until it has ended and its output is taken.
 * @throws what `onStdout` or `onStderr` throws, after the process has been ended
 */
export async function spawnProcess(
  command: string,
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<ProcessResult> {
  const { signal, stdin, cage } = options;
  if (signal?.aborted) return { kind: 'canceled' };
  const outputs = [output(options.onStdout, options), output(options.onStderr, options)] as const;
  const child = (cage ?? { spawn }).spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: [
      isDescriptor(stdin) ? stdin : stdin === undefined ? 'ignore' : 'pipe',
      outputs[0].stdio,
      outputs[1].stdio,
    ],
    // Out of reach of what is typed at the terminal: ending it is for the caller's signal.
    detached: true,
  });
  const streams = [outputs[0].started(child.stdout), outputs[1].started(child.stderr)] as const;
  let kill: NodeJS.Timeout | undefined;
  const killHard = () => {
    killGroup(child, 'SIGKILL');
    // Somebody else may hold them open still; nobody waits for what is canceled.
    for (const stream of streams) stream?.destroy();
  };
  const end = () => {
    killGroup(child, 'SIGTERM');
    kill ??= setTimeout(killHard, options.graceMs ?? defaultGraceMs);
  };
  signal?.addEventListener('abort', end, { once: true });
  try {
    const exit = exitOf(child);
    // It may end without reading its input: that is its right.
    child.stdin?.on('error', () => {});
    if (!isDescriptor(stdin)) child.stdin?.end(stdin);
    const taken = Promise.all([take(streams[0], options.onStdout), take(streams[1], options.onStderr)]);
    const [result] = await Promise.all([
      exit,
      taken.catch(async (error) => {
        end();
        await exit;
        throw error;
      }),
    ]);
    return signal?.aborted ? { kind: 'canceled' } : result;
  } finally {
    signal?.removeEventListener('abort', end);
    clearTimeout(kill);
  }
}

/**
 * Runs a program at the standard streams of this process, for a person, and waits until it has ended. Changes
 * of the window's size are passed on: it is in a session of its own, so that what is typed reaches it as bytes.
 */
export async function spawnAtTerminal(
  command: string,
  args: readonly string[],
  { cage, env, signal }: Required<Pick<ProcessOptions, 'cage' | 'env'>> & Pick<ProcessOptions, 'signal'>,
): Promise<ProcessResult> {
  const child = cage.spawn(command, args, { env, stdio: 'inherit', detached: true });
  const passOn = () => killGroup(child, 'SIGWINCH');
  const end = () => killGroup(child, 'SIGKILL');
  process.on('SIGWINCH', passOn);
  signal?.addEventListener('abort', end, { once: true });
  try {
    const result = await exitOf(child);
    return signal?.aborted ? { kind: 'canceled' } : result;
  } finally {
    signal?.removeEventListener('abort', end);
    process.off('SIGWINCH', passOn);
  }
}

function exitOf(child: ChildProcess): Promise<ProcessResult> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      if (child.pid === undefined) resolve({ kind: 'not-started', error });
    });
    child.once('exit', (code, killer) =>
      resolve(killer === null ? { kind: 'exited', code: code ?? 0 } : { kind: 'signaled', signal: killer }),
    );
  });
}

function isDescriptor(stdin: Uint8Array | number | undefined): stdin is number {
  return typeof stdin === 'number';
}

/** A process and what it started, as far as that stayed in its process group. */
function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  process.kill(-child.pid, signal);
}

interface Output {
  readonly stdio: 'ignore' | 'pipe' | number;
  /** Given the stream Node made, if any, the one to read; to be called when the child has its end. */
  readonly started: (stream: Readable | null) => Readable | null;
}

function output(takeOutput: TakeOutput | undefined, { outputOwner }: ProcessOptions): Output {
  if (takeOutput === undefined) return { stdio: 'ignore', started: () => null };
  if (outputOwner === undefined) return { stdio: 'pipe', started: (stream) => stream };
  const pipe = openPipe(outputOwner);
  const started = () => {
    pipe.closeWriteEnd();
    return pipe.output;
  };
  return { stdio: pipe.writeEnd, started };
}

async function take(stream: Readable | null, takeOutput: TakeOutput | undefined): Promise<void> {
  if (stream === null || takeOutput === undefined) return;
  try {
    for await (const chunk of stream) {
      const taking = takeOutput(chunk);
      if (taking !== undefined) await taking;
    }
  } catch (error) {
    // We closed it ourselves.
    if (systemCode(error) !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}
