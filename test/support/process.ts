/** Child processes of tests: programs that are run to their end, and services that are stopped by their pid. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Outcome {
  /** The exit status; 128 plus the signal's number when one ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  /** Laid over this process's environment; undefined removes. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Standard input, empty otherwise. */
  readonly input?: string | Uint8Array;
  /** Called once with the pid, for a test that sends signals. */
  readonly onStart?: (pid: number) => void;
  /** Called with everything printed so far, on either stream, whenever there is more. */
  readonly onOutput?: (text: string) => void;
}

/** Runs a program to its end and keeps what it printed, whatever its exit status. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: options.cwd, env: { ...process.env, ...options.env } });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      options.onOutput?.(stdout + stderr);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      options.onOutput?.(stdout + stderr);
    });
    child.stdin.on('error', () => undefined); // it may end without reading
    child.stdin.end(options.input ?? '');
    child.on('error', reject);
    child.on('spawn', () => options.onStart?.(child.pid ?? 0));
    child.on('close', (code, signal) =>
      resolve({ code: code ?? 128 + (signal === null ? 0 : constants.signals[signal]), stdout, stderr }),
    );
  });
}

/** Runs a program that must succeed, and returns what it printed on standard output. */
export async function runOk(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const outcome = await run(command, args, options);
  if (outcome.code !== 0) {
    throw new Error(
      `${command} ${args.join(' ')} exited with ${outcome.code}\n${outcome.stdout}${outcome.stderr}`,
    );
  }
  return outcome.stdout;
}

export interface Service {
  readonly pid: number;
  /** Asks the process to end, insists after ten seconds, and returns when it is gone. */
  stop(): Promise<void>;
}

/**
 * Starts a program that keeps running, its output in `logFile`, and waits until `isReady` says so.
 * @throws when it ends before, or is not ready after thirty seconds; the message holds its log
 */
export async function startService(
  command: string,
  args: readonly string[],
  logFile: string,
  isReady: () => Promise<boolean>,
): Promise<Service> {
  const log = openSync(logFile, 'w');
  const child = spawn(command, args, { stdio: ['ignore', log, log] });
  const exited = once(child, 'exit');
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;

  const stop = async (): Promise<void> => {
    if (hasEnded()) return;
    child.kill('SIGTERM');
    const insist = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await exited;
    clearTimeout(insist);
  };
  const deadline = Date.now() + 30_000;
  while (!(await isReady())) {
    if (hasEnded() || Date.now() > deadline) {
      await stop();
      throw new Error(`${command} did not start:\n${readFileSync(logFile, 'utf8')}`);
    }
    await sleep(50);
  }
  return { pid: child.pid ?? 0, stop };
}
