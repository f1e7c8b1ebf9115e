import type { Readable } from 'node:stream';
import { systemCode } from '../../core/errors.ts';
import type { Cage } from './cage.ts';
import { openInputPipe, openOutputPipe } from './pipe.ts';
import { type Child, type ChildEnd, startChild } from './start-child.ts';

/** How a process ended. When several are true, the first of this list is what is told. */
export type ProcessResult =
  /** The signal of the caller ended it, however it then exited. */
  { readonly kind: 'canceled' } | ChildEnd;

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
  /** Makes its outputs pipes of this owner: then it may open /dev/stdout. */
  readonly outputOwner?: { readonly uid: number; readonly gid: number };
  /** Where it is born: in the namespaces of this one when undefined. */
  readonly cage?: Cage;
}

const defaultGraceMs = 5_000;

/**
 * Runs a program and waits until it has ended and its output is taken.
 * @throws what `onStdout` or `onStderr` throws, after the process has been ended; what a cage throws that is closed
 */
export async function spawnProcess(
  command: string,
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<ProcessResult> {
  const { signal, stdin, cage } = options;
  if (signal?.aborted) return { kind: 'canceled' };
  const input = stdin instanceof Uint8Array ? { content: stdin, pipe: openInputPipe() } : undefined;
  const outputs = [options.onStdout, options.onStderr].map((taker) =>
    taker === undefined ? undefined : { taker, pipe: openOutputPipe(options.outputOwner) },
  );
  let child: Child;
  try {
    child = (cage?.start ?? startChild)(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: [
        stdin instanceof Uint8Array ? input?.pipe.readEnd : stdin,
        outputs[0]?.pipe.writeEnd,
        outputs[1]?.pipe.writeEnd,
      ],
    });
  } catch (error) {
    // Pipes that are open and have nobody at the other end would keep this process alive.
    input?.pipe.input.destroy();
    for (const output of outputs) output?.pipe.output.destroy();
    throw error;
  } finally {
    // The child has them, if there is one.
    input?.pipe.closeReadEnd();
    for (const output of outputs) output?.pipe.closeWriteEnd();
  }
  let kill: NodeJS.Timeout | undefined;
  const killHard = () => {
    child.killGroup('SIGKILL');
    // Somebody else may hold them open still; nobody waits for what is canceled.
    for (const output of outputs) output?.pipe.output.destroy();
  };
  const end = () => {
    child.killGroup('SIGTERM');
    kill ??= setTimeout(killHard, options.graceMs ?? defaultGraceMs);
  };
  signal?.addEventListener('abort', end, { once: true });
  try {
    // It may end without reading its input: that is its right.
    input?.pipe.input.on('error', () => {});
    input?.pipe.input.end(input.content);
    const taken = Promise.all(
      outputs.map((output) => (output === undefined ? undefined : take(output.pipe.output, output.taker))),
    );
    const [result] = await Promise.all([
      child.ended,
      taken.catch(async (error) => {
        end();
        await child.ended;
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
  const child: Child = cage.start(command, args, { env, stdio: [0, 1, 2] });
  const passOn = () => child.killGroup('SIGWINCH');
  const end = () => child.killGroup('SIGKILL');
  process.on('SIGWINCH', passOn);
  signal?.addEventListener('abort', end, { once: true });
  try {
    const result = await child.ended;
    return signal?.aborted ? { kind: 'canceled' } : result;
  } finally {
    signal?.removeEventListener('abort', end);
    process.off('SIGWINCH', passOn);
  }
}

async function take(stream: Readable, takeOutput: TakeOutput): Promise<void> {
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
