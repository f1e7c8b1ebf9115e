/**
 * Where the control groups of steps can be made. Root makes them anywhere. Anybody else can below their own
 * group only, and only where that was handed over to them (delegated: cgroups(7)); without, steps run in the
 * group strata is in, and nothing can limit them.
 */
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { HostError, systemCode } from '../../core/errors.ts';
import { isInitialUserNamespace } from '../../sys/user-namespace/id-map.ts';
import type { StepLimits } from '../step.ts';

export const cgroupRoot = '/sys/fs/cgroup';
/** Where the second cgroup version lies beside the first, on hosts that have both. */
export const secondHierarchy = join(cgroupRoot, 'unified');
/** CGROUP2_SUPER_MAGIC. */
const cgroup2 = 0x63677270;

export type CgroupPlace =
  | {
      /** The group in which those of steps are made, below the mount point of each hierarchy; '' is the top. */
      readonly parent: string;
    }
  | { readonly parent: undefined; readonly reason: string };

/** Whether a hierarchy is one of cgroup v2: all controllers in one. */
export function isSecondVersion(directory: string): boolean {
  return existsSync(directory) && statfsSync(directory).type === cgroup2;
}

/** Below which control group the groups of steps can be made; with the reason where there is none. */
export function findCgroupPlace(): CgroupPlace {
  if (isInitialUserNamespace()) return { parent: '' };
  const own = ownCgroups();
  const isSecond = isSecondVersion(cgroupRoot);
  const relevant = own.filter(({ controllers }) =>
    isSecond ? controllers === '' : controllers !== '' && existsSync(join(cgroupRoot, controllers)),
  );
  const [first] = relevant;
  if (first === undefined) return { parent: undefined, reason: `none is mounted at ${cgroupRoot}` };
  for (const { controllers, path } of relevant) {
    const directory = join(cgroupRoot, controllers, path);
    if (path !== first.path) {
      return {
        parent: undefined,
        reason: `${path} and ${first.path} are two groups: one is needed for all controllers`,
      };
    }
    if (!isWritable(directory)) return { parent: undefined, reason: `${directory} is not delegated to you` };
  }
  // An earlier build moved whoever is in the group; the steps belong beside them.
  return { parent: isSecond && basename(first.path) === leaf ? dirname(first.path) : first.path };
}

/** What can limit steps whose groups are made in `parent`, and which version of control groups does it. */
export function limitControllers(parent: string): { version: 1 | 2; controllers: string[] } {
  if (isSecondVersion(cgroupRoot)) {
    const text = readFileSync(join(cgroupRoot, parent, 'cgroup.controllers'), 'latin1');
    return { version: 2, controllers: text.trim().split(' ') };
  }
  const known = ['memory', 'cpu', 'cpuset', 'pids'];
  return {
    version: 1,
    controllers: known.filter((name) => existsSync(join(cgroupRoot, name, parent, 'cgroup.procs'))),
  };
}

/**
 * Makes the place ready for limits, if there are any.
 * @throws HostError `no-cgroup` when a limit is asked for that no group can hold
 */
export function prepareLimits(place: CgroupPlace, limits: StepLimits): void {
  const { memoryBytes, cpuQuota, cpuPeriod, cpuShares, cpusetCpus, cpusetMems, pidsLimit, cgroupParent } =
    limits;
  const asked = {
    memory: [memoryBytes],
    cpu: [cpuQuota, cpuPeriod, cpuShares],
    cpuset: [cpusetCpus, cpusetMems],
    pids: [pidsLimit],
    parent: [cgroupParent],
  };
  const kinds = Object.entries(asked).flatMap(([kind, values]) =>
    values.some((value) => value !== undefined) ? [kind] : [],
  );
  if (kinds.length === 0) return;
  const reason =
    place.parent === undefined ? place.reason : handOnControllers(join(cgroupRoot, place.parent), kinds);
  if (reason === undefined) return;
  throw new HostError('no-cgroup', `cannot limit the memory, processors or processes of a step: ${reason}`, {
    hint: 'start strata in a group of its own: systemd-run --user --scope -p Delegate=yes strata build … (docs/ROOTLESS.md); in a container, limit the container',
  });
}

/** The group below a delegated one in which the processes are that were in it. */
const leaf = 'strata';

/**
 * In the second version a group with processes in it hands no controllers on to groups below it (cgroups(7),
 * "no internal processes"); the first and the root of the machine do. So whoever is in it moves one down.
 * @param kinds the controllers that a limit needs; `parent` for none in particular
 * @returns why it cannot be done
 */
function handOnControllers(group: string, kinds: readonly string[]): string | undefined {
  // The root of the machine has no events, that of a container has.
  if (!isSecondVersion(group) || !existsSync(join(group, 'cgroup.events'))) return undefined;
  const words = (name: string) => readFileSync(join(group, name), 'latin1').split(/\s+/).filter(Boolean);
  const handedOn = words('cgroup.subtree_control');
  const controllers = words('cgroup.controllers');
  const lacking = kinds.find((kind) => kind !== 'parent' && !controllers.includes(kind));
  if (lacking !== undefined) return `${group} was handed no ${lacking} controller`;
  const missing = controllers.filter((name) => !handedOn.includes(name));
  if (missing.length === 0) return undefined;
  try {
    mkdirSync(join(group, leaf), { recursive: true });
    for (const pid of words('cgroup.procs')) moveTo(join(group, leaf), pid);
    writeFileSync(join(group, 'cgroup.subtree_control'), missing.map((name) => `+${name}`).join(' '));
    return undefined;
  } catch (error) {
    return `${group} does not hand on its controllers: ${(error as Error).message}`;
  }
}

function moveTo(group: string, pid: string): void {
  try {
    writeFileSync(join(group, 'cgroup.procs'), pid);
  } catch (error) {
    // It has ended.
    if (systemCode(error) !== 'ESRCH') throw error;
  }
}

interface OwnCgroup {
  /** Of a hierarchy of the first version, as its directory is called; '' for the second. */
  readonly controllers: string;
  readonly path: string;
}

/** The groups this process is in. */
export function ownCgroups(): OwnCgroup[] {
  return readFileSync('/proc/self/cgroup', 'latin1')
    .trim()
    .split('\n')
    .map((line) => {
      const [, controllers = '', path = '/'] = /^[0-9]+:([^:]*):(.*)$/.exec(line) ?? [];
      return { controllers: controllers.replace(/^name=/, ''), path };
    });
}

function isWritable(directory: string): boolean {
  try {
    for (const name of ['', 'cgroup.procs']) accessSync(join(directory, name), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
