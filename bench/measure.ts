import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';

export interface Measurement {
  readonly seconds: number;
  /** User and system time of the commands and of the daemons that work for them. */
  readonly cpuSeconds: number;
  /**
   * Memory of all processes of the builder at once, what they share counted once (proportional set size),
   * sampled: a build of less than a second may show too little.
   */
  readonly peakBytes: number;
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const sampleEveryMs = 50;
/** Of the times in /proc: USER_HZ is 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/**
 * Runs sequences of commands, all sequences at once, their output in `logFile`, and measures them as one.
 * @param daemons processes that work for the commands, counted with all they start
 * @param interrupted ends the commands
 * @throws when one exits with another status than 0, as it does when interrupted
 */
export async function measure(
  sequences: readonly (readonly Command[])[],
  daemons: readonly number[],
  logFile: string,
  interrupted: AbortSignal,
): Promise<Measurement> {
  const running = new Set(daemons);
  let peakBytes = 0;
  const before = ticksOf(daemons);
  const sampling = setInterval(() => {
    peakBytes = Math.max(peakBytes, memoryOf(running));
  }, sampleEveryMs);
  const start = performance.now();
  try {
    const ticks = await Promise.all(
      sequences.map(async (commands) => {
        let sum = 0;
        for (const command of commands) sum += await run(command, running, logFile, interrupted);
        return sum;
      }),
    );
    const seconds = (performance.now() - start) / 1000;
    const spent = ticks.reduce((sum, each) => sum + each, 0) + ticksOf(daemons) - before;
    return { seconds, cpuSeconds: spent / ticksPerSecond, peakBytes };
  } finally {
    clearInterval(sampling);
  }
}

/** The shell says what its children took, they and theirs. */
const script = 'file=$1; shift; "$@"; status=$?; times >"$file"; exit $status';
let count = 0;

/** @returns processor time in ticks */
async function run(
  { program, args, env }: Command,
  running: Set<number>,
  logFile: string,
  interrupted: AbortSignal,
): Promise<number> {
  interrupted.throwIfAborted();
  const log = openSync(logFile, 'a');
  const timesFile = `${logFile}-times-${count++}`;
  const child = spawn('sh', ['-c', script, 'sh', timesFile, program, ...args], {
    stdio: ['ignore', log, log],
    detached: true,
    env: { ...process.env, ...env },
  });
  closeSync(log);
  const pid = child.pid ?? 0;
  running.add(pid);
  const endGroup = () => process.kill(-pid, 'SIGTERM');
  interrupted.addEventListener('abort', endGroup);
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', resolve);
  });
  interrupted.removeEventListener('abort', endGroup);
  running.delete(pid);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} exited with ${status}; see ${logFile}`);
  const children = readQuietly(timesFile).split('\n')[1] ?? '';
  rmSync(timesFile);
  const seconds = [...children.matchAll(/(\d+)m([\d.]+)s/g)].map(([, m, s]) => Number(m) * 60 + Number(s));
  return seconds.reduce((sum, each) => sum + each, 0) * ticksPerSecond;
}

/** User and system time of processes and of all they started, those that ended included. */
function ticksOf(roots: Iterable<number>): number {
  let sum = 0;
  for (const pid of withDescendants(roots)) {
    // Behind the program's name, which may hold blanks, proc(5)'s fields 14 to 17 are the twelfth and on.
    const fields = readQuietly(`/proc/${pid}/stat`)
      .replace(/^.*\) /s, '')
      .split(' ');
    for (const field of fields.slice(11, 15)) sum += Number(field);
  }
  return sum;
}

function memoryOf(roots: Iterable<number>): number {
  let sum = 0;
  for (const pid of withDescendants(roots)) {
    const kilobytes = /^Pss: +(\d+) kB$/m.exec(readQuietly(`/proc/${pid}/smaps_rollup`))?.[1];
    sum += Number(kilobytes ?? 0) * 1024;
  }
  return sum;
}

function withDescendants(roots: Iterable<number>): Set<number> {
  const found = new Set(roots);
  for (const pid of found) {
    for (const thread of threadsOf(pid)) {
      const children = readQuietly(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean);
      for (const child of children) found.add(Number(child));
    }
  }
  return found;
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** Nothing of a process that ended meanwhile. */
function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
