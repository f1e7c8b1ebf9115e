import type { StepResources } from '../../../sandbox/step.ts';
import type { MemoryFiles } from './memory-files.ts';
import type { ExecSurroundings } from './recipe.ts';

/** What every RUN of the build gets, beside its own op. */
export interface ExecSettings extends Omit<ExecSurroundings, 'bindContent' | 'hasSecret' | 'hasSsh'> {
  /** The state directory, for cache mounts. */
  readonly root: string;
  /** A name for the next step's container that no other running build uses. */
  stepID(): string;
  readonly memory: MemoryFiles;
  readonly runtime: string;
  readonly resources: StepResources;
  readonly shmSizeBytes: number | undefined;
  readonly cgroupParent: string | undefined;
  /** The value of a secret the build was given. */
  secret(id: string): Uint8Array | undefined;
  /** A socket of an agent that has the key or keys of that id. */
  sshSocket(id: string): string | undefined;
  /** Entitlements given with --allow. */
  allows(entitlement: 'network.host' | 'security.insecure' | 'device'): boolean;
}
