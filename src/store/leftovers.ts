/**
 * What dead builds left that neither the next build nor a prune takes away by itself (docs/STORE.md, "What a
 * killed build leaves"). On a machine that works there is none: the kernel ends processes and mounts with their
 * build, frees its locks, and the next build sweeps its directory. This is for finding out that it does.
 */
import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileKind, isFrame, openDirectories } from './disk-use/file-kinds.ts';
import { listDirectory } from './disk-use/store-files.ts';

export interface Leftover {
  readonly kind: 'process' | 'mount' | 'cgroup' | 'lock' | 'file';
  /** For people: what it is and where. */
  readonly text: string;
  /** A command that ends it. */
  readonly remedy: string;
}

/** A cgroup that is just being made or removed is empty as well. */
const settleMs = 500;

/**
 * Looks for them; changes nothing. Processes of others can be looked into by root only.
 * @param isRunning whether a run of this id (a name in `ROOT/run`) is alive
 */
export async function findLeftovers(root: string, isRunning: (id: string) => boolean): Promise<Leftover[]> {
  const real = realpathIfThere(root);
  return [
    ...mountUsers(real, isRunning),
    ...(await emptyCgroups()),
    ...orphanedLocks(real),
    ...strangeFiles(real),
  ];
}

/** Mounts of dead runs that we see, and processes that see some: whatever sees one came from that run. */
function mountUsers(root: string, isRunning: (id: string) => boolean): Leftover[] {
  const own = mountNamespaceOf('self');
  const deadIn = new Map<string, string[]>();
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return ['self', ...pids].flatMap((pid): Leftover[] => {
    const namespace = mountNamespaceOf(pid);
    if (namespace === undefined || (pid !== 'self' && namespace === own)) return [];
    let dead = deadIn.get(namespace);
    if (dead === undefined) {
      dead = mountPoints(pid).filter((path) => {
        const id = path.startsWith(`${root}/run/`)
          ? path.slice(`${root}/run/`.length).split('/')[0]
          : undefined;
        return id !== undefined && !isRunning(id);
      });
      deadIn.set(namespace, dead);
    }
    if (pid === 'self') {
      return dead.map((path) => ({
        kind: 'mount',
        text: `a mount of a build that is gone: ${path}`,
        remedy: `umount --lazy '${path}'`,
      }));
    }
    if (dead.length === 0) return [];
    const name = textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
    return [
      {
        kind: 'process',
        text: `process ${pid} (${name}) outlived its build: it sees ${dead[0]}`,
        remedy: `kill -KILL ${pid}`,
      },
    ];
  });
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
  return textOf(`/proc/${pid}/mountinfo`)
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .map((path) =>
      path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8))),
    );
}

/** Cgroups of steps that nothing runs in, of any store: their names do not say of which. */
async function emptyCgroups(): Promise<Leftover[]> {
  // The first version of cgroups says nothing of what is populated.
  const isEmpty = (path: string) =>
    existsSync(path) &&
    !/^populated 1$/m.test(textOf(join(path, 'cgroup.events'))) &&
    textOf(join(path, 'cgroup.procs')) === '';
  const found = cgroupsOfSteps('/sys/fs/cgroup').filter(isEmpty);
  if (found.length === 0) return [];
  await delay(settleMs);
  return found.filter(isEmpty).map((path) => ({
    kind: 'cgroup',
    text: `a control group of a step that is gone: ${path}`,
    remedy: `find '${path}' -depth -type d -exec rmdir {} +`,
  }));
}

function cgroupsOfSteps(directory: string): string[] {
  return listDirectory(directory, '').flatMap((entry) => {
    if (!entry.isDirectory()) return [];
    const path = join(directory, entry.name);
    return /^strata-[0-9a-f]{12}-\d+$/.test(entry.name) ? [path] : cgroupsOfSteps(path);
  });
}

/** Locks whose taker is dead while somebody it started still has them: whoever wants them waits for ever. */
function orphanedLocks(root: string): Leftover[] {
  const orphans = new Map<string, string>();
  for (const line of textOf('/proc/locks').split('\n')) {
    const [, pid = '', place = ''] = /FLOCK +\S+ +\S+ +(\d+) (\S+)/.exec(line) ?? [];
    if (pid !== '' && statSync(`/proc/${pid}`, { throwIfNoEntry: false }) === undefined)
      orphans.set(place, pid);
  }
  if (orphans.size === 0) return [];
  return filesBeneath(root, '').flatMap((path): Leftover[] => {
    const stat = statSync(join(root, path), { throwIfNoEntry: false });
    const pid = stat === undefined ? undefined : orphans.get(placeOf(stat.dev, stat.ino));
    if (pid === undefined) return [];
    return [
      {
        kind: 'lock',
        text: `${join(root, path)} is locked for process ${pid}, which is gone`,
        remedy: `fuser --kill '${join(root, path)}'`,
      },
    ];
  });
}

/** As /proc/locks writes it: `fe:01:123`. */
function placeOf(device: number, inode: number): string {
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  return `${hex(major)}:${hex(minor)}:${inode}`;
}

function hex(number: number): string {
  return number.toString(16).padStart(2, '0');
}

/** What no strata puts into a store: nobody dares to remove it. */
function strangeFiles(root: string): Leftover[] {
  return filesBeneath(root, '')
    .filter((path) => !path.startsWith('run/') && fileKind(path).role === 'kept' && !isFrame(path))
    .map((path) => ({
      kind: 'file',
      text: `${join(root, path)} is not of this store`,
      remedy: `rm -r '${join(root, path)}'`,
    }));
}

function filesBeneath(root: string, directory: string): string[] {
  return listDirectory(root, directory).flatMap((entry) => {
    const path = directory === '' ? entry.name : `${directory}/${entry.name}`;
    return openDirectories.has(path) || path === 'run' ? filesBeneath(root, path) : [path];
  });
}

function realpathIfThere(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** The text of a file of the kernel's, '' when its process is gone or not ours to look into. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
