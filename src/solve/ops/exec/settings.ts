import type { Sandbox } from '../../../sandbox/sandbox.ts';
import type { StepLimits } from '../../../sandbox/step.ts';

/** What every RUN of the build gets, beside its own op. */
export interface ExecSettings {
  /** The state directory, for cache mounts. */
  readonly root: string;
  /** Opened when the first step runs: a build that is answered from the cache needs no runtime. */
  sandbox(): Promise<Sandbox>;
  /** Further lines of /etc/hosts. */
  readonly hosts: readonly (readonly [name: string, address: string])[];
  readonly limits: StepLimits;
  /** The value of a secret the build was given. */
  secret(id: string): Uint8Array | undefined;
  readonly ssh: {
    has(id: string): boolean;
    /** A socket of an agent that has the key or keys of that id; undefined when the build was given none. */
    socket(id: string): Promise<string | undefined>;
  };
  /** Whether --allow was given for it. */
  allows(entitlement: 'network.host' | 'security.insecure' | 'device'): boolean;
}
