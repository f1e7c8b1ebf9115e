/**
 * What one RUN asks of the sandbox: a root filesystem that is mounted already, a process, and what it may see
 * and use. Plain data; `runStep` makes a bundle of it and runs it to its end.
 */
import type { BytePath } from '../core/byte-path.ts';
import type { ResolvedUser } from './user.ts';

export interface StepRequest {
  /** Unique among running steps; safe in file, cgroup and container names. */
  readonly id: string;
  /** Where the stack is mounted read-write. */
  readonly rootfs: string;
  /** The upper beneath it, from which mount points that the step needed are removed again. */
  readonly upper: string;
  /** Of this step alone, for the bundle and the runtime's state; removed by the caller. Kept in memory. */
  readonly directory: string;
  /** Program file of the OCI runtime. */
  readonly runtime: string;
  readonly args: readonly string[];
  readonly env: readonly (readonly [name: string, value: string])[];
  /** Absolute; created, owned by the user, when missing. */
  readonly cwd: string;
  readonly user: ResolvedUser;
  /** Outer ones before inner ones. */
  readonly mounts: readonly StepMount[];
  readonly network: 'default' | 'none' | 'host';
  readonly security: 'sandbox' | 'insecure';
  readonly hostname: string;
  /** `name:address`. */
  readonly addHosts: readonly string[];
  readonly shmSizeBytes?: number | undefined;
  /** `nofile=1024:2048`. */
  readonly ulimits: readonly string[];
  readonly cgroupParent?: string | undefined;
  readonly resources: StepResources;
}

/** Targets are absolute paths inside the root filesystem, resolved there and never on the host. */
export type StepMount =
  | { readonly type: 'bind'; readonly source: BytePath; readonly target: string; readonly isReadOnly: boolean }
  | { readonly type: 'tmpfs'; readonly target: string; readonly sizeBytes?: number };

export interface StepResources {
  readonly memoryBytes?: number | undefined;
  readonly cpuQuota?: number | undefined;
  readonly cpuPeriod?: number | undefined;
  readonly cpuShares?: number | undefined;
  readonly cpusetCpus?: string | undefined;
  readonly cpusetMems?: string | undefined;
}

/** How the process ended; not being able to start it is an error of its own. */
export type StepExit =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signaled'; readonly signal: string };

/** Takes output; the step is not read further until the promise is fulfilled. */
export type StepOutput = (stream: 'stdout' | 'stderr', chunk: Uint8Array) => void | Promise<void>;
