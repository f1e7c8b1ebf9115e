/**
 * Whether the kernel killed something of a step for want of memory. The runtime removes the step's cgroup,
 * and the count with it, the moment the step ends: so the count is looked at while the step runs, and a
 * death by SIGKILL under a limit is taken for the same where the step was faster than the look.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const intervalMs = 50;
const killedHard = 128 + 9;

export interface MemoryWatch {
  wasKilled(exitCode: number): boolean;
  stop(): void;
}

/** @param cgroup of the step, below the mount point of each hierarchy */
export function watchMemory(cgroup: string): MemoryWatch {
  // The second version of cgroups, and the first.
  const files = ['/sys/fs/cgroup', '/sys/fs/cgroup/memory'].flatMap((root) =>
    ['memory.events', 'memory.oom_control'].map((name) => join(root, cgroup, name)),
  );
  let kills = 0;
  const look = () => {
    for (const file of files) kills = Math.max(kills, killsIn(file));
  };
  const timer = setInterval(look, intervalMs);
  timer.unref();
  return {
    wasKilled: (exitCode) => exitCode !== 0 && (kills > 0 || exitCode === killedHard),
    stop: () => clearInterval(timer),
  };
}

function killsIn(file: string): number {
  try {
    return existsSync(file) ? Number(/^oom_kill (\d+)$/m.exec(readFileSync(file, 'latin1'))?.[1] ?? 0) : 0;
  } catch {
    // It went away in between, with the step.
    return 0;
  }
}
