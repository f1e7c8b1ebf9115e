import { readdirSync, readlinkSync } from 'node:fs';
import { kernelText } from './kernel-text.ts';
import type { Leftover } from './leftover.ts';

/** Mounts of dead runs that we see, and processes that see some: whatever sees one came from that run. */
export function mountUsers(root: string, isRunning: (id: string) => boolean): Leftover[] {
  const own = mountNamespaceOf('self');
  const deadIn = new Map<string, readonly string[]>();
  const deadMountsOf = (pid: string, namespace: string): readonly string[] => {
    const known = deadIn.get(namespace);
    if (known !== undefined) return known;
    const dead = mountPoints(pid).filter((path) => {
      const id = runOf(path, root);
      return id !== undefined && !isRunning(id);
    });
    deadIn.set(namespace, dead);
    return dead;
  };

  const mounts = own === undefined ? [] : deadMountsOf('self', own).map(deadMount);
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const processes = pids.flatMap((pid): Leftover[] => {
    const namespace = mountNamespaceOf(pid);
    if (namespace === undefined || namespace === own) return [];
    const [seen] = deadMountsOf(pid, namespace);
    return seen === undefined ? [] : [survivor(pid, seen)];
  });
  return [...mounts, ...processes];
}

/** The run whose directory a path lies in. */
function runOf(path: string, root: string): string | undefined {
  const runs = `${root}/run/`;
  return path.startsWith(runs) ? path.slice(runs.length).split('/')[0] : undefined;
}

function deadMount(path: string): Leftover {
  return {
    kind: 'mount',
    text: `a mount of a build that is gone: ${path}`,
    remedy: `umount --lazy '${path}'`,
  };
}

function survivor(pid: string, mount: string): Leftover {
  const name = kernelText(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
  return {
    kind: 'process',
    text: `process ${pid} (${name}) outlived its build: it sees ${mount}`,
    remedy: `kill -KILL ${pid}`,
  };
}

function mountNamespaceOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    // It has ended, or is not ours to look into.
    return undefined;
  }
}

/** The fifth field of /proc/PID/mountinfo, which writes blanks and the like as octal numbers. */
function mountPoints(pid: string): string[] {
  return kernelText(`/proc/${pid}/mountinfo`)
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .map((path) =>
      path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8))),
    );
}
