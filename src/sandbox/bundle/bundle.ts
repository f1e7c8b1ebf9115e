import { hasIds, isInitialUserNamespace } from '../../sys/user-namespace/id-map.ts';
import type { StepLimits, StepSetting } from '../step.ts';
import type { ResolvedUser } from '../user.ts';
import { stepCapabilities } from './capabilities.ts';
import { seccompProfile } from './seccomp.ts';

/** A mount as the runtime does it, its destination free of symlinks. */
export interface RuntimeMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** Of the mounts every step gets, those that need a directory in the root filesystem. */
export const systemDirectories = ['/proc', '/dev', '/sys'] as const;

/**
 * The configuration of one container (OCI runtime specification, config.md), as near to Docker's defaults
 * as there is no reason to differ.
 *
 * @param mounts those of the step and of its network files; they win over the system's at one destination
 * @param networkPath of the network namespace to join
 * @param cgroupsPath absolute, below the mount point of each cgroup hierarchy; undefined where the step
 *   stays in the group of strata
 */
export function bundleConfig(
  request: StepSetting & { readonly hasTerminal?: boolean },
  mounts: readonly RuntimeMount[],
  cgroupsPath: string | undefined,
  networkPath?: string,
) {
  const { limits, security, user } = request;
  const isSandboxed = security === 'sandbox';
  const capabilities = stepCapabilities(security);
  const namespaces: { type: string; path?: string }[] = [
    { type: 'pid' },
    { type: 'mount' },
    { type: 'ipc' },
    { type: 'uts' },
    { type: 'cgroup' },
  ];
  const ownsNetwork = request.network.mode === 'none' || networkPath !== undefined;
  if (request.network.mode === 'none') namespaces.push({ type: 'network' });
  if (networkPath !== undefined) namespaces.push({ type: 'network', path: networkPath });
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: request.hasTerminal === true,
      user: { uid: user.uid, gid: user.gid, additionalGids: user.groups },
      args: request.args,
      env: environment(request.env, user),
      cwd: request.cwd,
      // Not inheritable: a program without file capabilities gets none (CVE-2022-24769).
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      rlimits: limits.ulimits.map(({ name, soft, hard }) => ({
        type: `RLIMIT_${name.toUpperCase()}`,
        soft,
        hard,
      })),
      noNewPrivileges: false,
    },
    root: { path: request.rootfs, readonly: false },
    hostname: request.hostname,
    mounts: inMountOrder([...systemMounts(isSandboxed, ownsNetwork, limits.shmSizeBytes), ...mounts]),
    linux: {
      namespaces,
      ...(cgroupsPath === undefined ? {} : { cgroupsPath }),
      resources: resources(limits, isSandboxed),
      ...(isSandboxed ? { maskedPaths, readonlyPaths, seccomp: seccompProfile } : {}),
    },
  };
}

/** What tells of the host, or changes it. */
const maskedPaths = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];
const readonlyPaths = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
  // The runtimes mount the hierarchies of the first cgroup version read-only, and what they lie in not.
  '/sys/fs/cgroup',
];

const defaultShmBytes = 64 * 1024 * 1024;

/** @param ownsNetwork whether the step has a network namespace of its own */
function systemMounts(
  isSandboxed: boolean,
  ownsNetwork: boolean,
  shmSizeBytes = defaultShmBytes,
): RuntimeMount[] {
  const access = isSandboxed ? 'ro' : 'rw';
  const inert = ['nosuid', 'noexec', 'nodev'];
  const mount = (destination: string, type: string, options: string[], source = type) => ({
    destination,
    type,
    source,
    options,
  });
  // Group tty, if there is such an id here.
  const terminalGroup = hasIds(0, 5) ? ['gid=5'] : [];
  // Only who owns the network namespace may mount a view of it.
  const sys =
    ownsNetwork || isInitialUserNamespace()
      ? mount('/sys', 'sysfs', [...inert, access])
      : mount('/sys', 'bind', ['rbind', 'rprivate', ...inert, access], '/sys');
  return [
    mount('/proc', 'proc', inert),
    mount('/dev', 'tmpfs', ['nosuid', 'strictatime', 'mode=755', 'size=65536k']),
    mount('/dev/pts', 'devpts', [
      'nosuid',
      'noexec',
      'newinstance',
      'ptmxmode=0666',
      'mode=0620',
      ...terminalGroup,
    ]),
    mount('/dev/shm', 'tmpfs', [...inert, 'mode=1777', `size=${shmSizeBytes}`], 'shm'),
    mount('/dev/mqueue', 'mqueue', inert),
    sys,
    mount('/sys/fs/cgroup', 'cgroup', [...inert, 'relatime', access]),
  ];
}

/** Parents before what lies in them; of two on one destination only the later one. */
function inMountOrder(mounts: readonly RuntimeMount[]): RuntimeMount[] {
  const last = new Map(mounts.map((mount) => [`${mount.destination}/`, mount]));
  return [...last.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, mount]) => mount);
}

function environment(env: StepSetting['env'], user: ResolvedUser): string[] {
  const all = env.map(([name, value]) => `${name}=${value}`);
  if (!env.some(([name]) => name === 'HOME')) all.push(`HOME=${user.home}`);
  return all;
}

function resources(limits: StepLimits, isSandboxed: boolean) {
  return {
    // The runtime itself allows the usual nodes of /dev; any other may be made, not opened.
    devices: isSandboxed
      ? [
          { allow: false, access: 'rwm' },
          { allow: true, type: 'c', access: 'm' },
          { allow: true, type: 'b', access: 'm' },
        ]
      : [{ allow: true, access: 'rwm' }],
    ...(limits.memoryBytes === undefined ? {} : { memory: { limit: limits.memoryBytes } }),
    cpu: {
      shares: limits.cpuShares,
      quota: limits.cpuQuota,
      period: limits.cpuPeriod,
      cpus: limits.cpusetCpus,
      mems: limits.cpusetMems,
    },
    ...(limits.pidsLimit === undefined ? {} : { pids: { limit: limits.pidsLimit } }),
  };
}
