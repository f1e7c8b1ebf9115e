import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';

export interface Measurement {
  readonly seconds: number;
  /** Resident memory of all processes of the builder at once, sampled: short builds may show too little. */
  readonly peakBytes: number;
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const sampleEveryMs = 50;
const pageBytes = 4096;

/**
 * Runs commands one after the other, their output in `logFile`, and measures them as one.
 * @param daemons processes that work for the commands, counted with all they start
 * @throws when one exits with another status than 0
 */
export async function measure(
  commands: readonly Command[],
  daemons: readonly number[],
  logFile: string,
): Promise<Measurement> {
  let peakBytes = 0;
  const start = performance.now();
  for (const { program, args, env } of commands) {
    const log = openSync(logFile, 'a');
    const child = spawn(program, args, { stdio: ['ignore', log, log], env: { ...process.env, ...env } });
    const sample = setInterval(() => {
      peakBytes = Math.max(peakBytes, residentBytes([child.pid ?? 0, ...daemons]));
    }, sampleEveryMs);
    const status = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    clearInterval(sample);
    closeSync(log);
    if (status !== 0) throw new Error(`${program} ${args.join(' ')} exited with ${status}; see ${logFile}`);
  }
  return { seconds: (performance.now() - start) / 1000, peakBytes };
}

/** Resident memory of these processes and all they started. */
function residentBytes(roots: readonly number[]): number {
  const children = new Map<number, number[]>();
  const resident = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    try {
      // After the program's name, which may hold blanks: state, parent, ...; resident pages is field 24 of proc(5).
      const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' ');
      const parent = Number(fields[1]);
      children.set(parent, [...(children.get(parent) ?? []), pid]);
      resident.set(pid, Number(fields[21]) * pageBytes);
    } catch {
      // It ended meanwhile.
    }
  }
  const sum = (pid: number): number =>
    (resident.get(pid) ?? 0) + (children.get(pid) ?? []).reduce((total, child) => total + sum(child), 0);
  return roots.reduce((total, pid) => total + sum(pid), 0);
}
