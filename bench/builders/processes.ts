import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a program prints. @throws when it fails */
export function outputOf(program: string, args: readonly string[], env: Record<string, string> = {}): string {
  return execFileSync(program, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    maxBuffer: 1 << 26,
  });
}

/** The first line a program prints; undefined when it is not there or fails. */
export function versionOf(program: string, args: readonly string[]): string | undefined {
  try {
    return outputOf(program, args).split('\n')[0];
  } catch {
    return undefined;
  }
}

/** A daemon with its files and its log in `home`. What a terminal tells the benchmark it does not hear. */
export async function startDaemon(
  program: string,
  args: readonly string[],
  home: string,
  isReady: () => boolean | Promise<boolean>,
): Promise<ChildProcess> {
  const log = openSync(join(home, 'log'), 'w');
  const daemon = spawn(program, args, { stdio: ['ignore', log, log], detached: true });
  for (let attempt = 0; !(await isReady()); attempt++) {
    if (attempt === 100 || daemon.exitCode !== null) {
      daemon.kill('SIGKILL');
      throw new Error(`${program} does not start: ${readFileSync(join(home, 'log'), 'utf8').slice(-2000)}`);
    }
    await sleep(100);
  }
  return daemon;
}

/**
 * Ends a daemon and removes its files, what it left mounted first.
 * @param pid whom to tell, where that is a process that the daemon's started
 */
export async function endDaemon(daemon: ChildProcess, home: string, pid = daemon.pid): Promise<void> {
  if (daemon.exitCode === null && daemon.signalCode === null && pid !== undefined) {
    const ended = once(daemon, 'exit');
    process.kill(pid, 'SIGTERM');
    await ended;
  }
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const left = mounts.map((line) => line.split(' ')[1] ?? '').filter((path) => path.startsWith(`${home}/`));
  for (const mount of left.reverse()) outputOf('umount', ['-l', mount]);
  rmSync(home, { recursive: true, force: true });
}
