import type { TakeOutput } from '../sys/process/spawn.ts';
import type { ResolvedUser } from './user.ts';

/** What a process in a sandbox is told, as values; all is settled before: nothing is looked up in a Dockerfile. */
export interface StepSetting {
  /** The mounted root filesystem, read-write. */
  readonly rootfs: string;
  /** args[0] is looked up in the PATH of `env`. */
  readonly args: readonly string[];
  /** In order; HOME is added from the user when missing. */
  readonly env: readonly (readonly [name: string, value: string])[];
  /** Absolute in the root filesystem; made when missing, owned by the user. */
  readonly cwd: string;
  readonly user: ResolvedUser;
  readonly mounts: readonly StepMount[];
  readonly network: StepNetwork;
  readonly security: 'sandbox' | 'insecure';
  readonly hostname: string;
  readonly limits: StepLimits;
  readonly signal?: AbortSignal | undefined;
}

export interface StepRequest extends StepSetting {
  readonly onStdout: TakeOutput;
  readonly onStderr: TakeOutput;
}

/** A person works in it, at the streams of this process. */
export interface ShellRequest extends StepSetting {
  /** Whether those streams are a terminal: then it gets one of its own, joined to it. */
  readonly hasTerminal: boolean;
}

/** Targets are absolute; of two mounts on one target the last one counts. */
export type StepMount =
  | {
      readonly type: 'bind';
      readonly target: string;
      /** A directory, file or socket of the host, visible to child processes. */
      readonly source: string;
      readonly isReadOnly: boolean;
    }
  | {
      readonly type: 'tmpfs';
      readonly target: string;
      readonly sizeBytes?: number | undefined;
      readonly isReadOnly?: boolean | undefined;
    }
  | {
      /** A file that exists in memory only: a secret, a script. Read-only. */
      readonly type: 'file';
      readonly target: string;
      readonly content: Uint8Array;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    };

export interface StepNetwork {
  /** `host` shares the host's, `none` has loopback only; `default` reaches the outside (network.ts). */
  readonly mode: 'default' | 'none' | 'host';
  /** Lines for /etc/hosts; the address `host-gateway` is that of the host, as the step reaches it. */
  readonly hosts: readonly (readonly [name: string, address: string])[];
}

/** What the step's cgroup may take; no limit where undefined. */
export interface StepResources {
  readonly memoryBytes?: number | undefined;
  /** Microseconds of processor time in each period. */
  readonly cpuQuota?: number | undefined;
  /** Microseconds. */
  readonly cpuPeriod?: number | undefined;
  readonly cpuShares?: number | undefined;
  readonly cpusetCpus?: string | undefined;
  readonly cpusetMems?: string | undefined;
  /** Processes and threads at a time. */
  readonly pidsLimit?: number | undefined;
}

export interface StepLimits extends StepResources {
  readonly shmSizeBytes?: number | undefined;
  /** As Docker names them: `nofile`, `core` …. */
  readonly ulimits: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  /** The cgroup in which the step's own is made; `/` when undefined. */
  readonly cgroupParent?: string | undefined;
}

export interface StepExit {
  /** Of the step's main process: 0-255, where 128 + n means killed by signal n. */
  readonly code: number;
  /** Something of it was killed at the memory limit; or else it was refused a process. It may have ended well all the same. */
  readonly metLimit?: 'memory' | 'processes';
}
