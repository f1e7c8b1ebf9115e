import type { ExecOp, Vertex } from '../../../plan/vertex.ts';
import type { Sandbox } from '../../../sandbox/sandbox.ts';
import type { StepLimits, StepSetting } from '../../../sandbox/step.ts';

/** What every RUN of the build gets, beside its own op. */
export interface ExecSettings {
  /** The state directory, for cache mounts. */
  readonly root: string;
  /** Fills a new cache mount with what another machine had in it; false when nothing is known of it. */
  fillCacheMount(name: string, directory: string, signal: AbortSignal): Promise<boolean>;
  /** Opened when the first step runs: a build that is answered from the cache needs no runtime. */
  sandbox(): Promise<Sandbox>;
  /** Further lines of /etc/hosts. */
  readonly hosts: readonly (readonly [name: string, address: string])[];
  readonly limits: StepLimits;
  /** By id what the build was given; undefined where the environment has no such variable. */
  readonly secrets: ReadonlyMap<string, Uint8Array | undefined>;
  readonly ssh: {
    has(id: string): boolean;
    /** A socket of an agent that has the key or keys of that id; undefined when the build was given none. */
    socket(id: string): Promise<string | undefined>;
  };
  /** How long one step may run. */
  readonly stepTimeoutMs?: number | undefined;
  /** Called with a sandbox in which a step has just failed, before it is taken down. */
  readonly onFailure?:
    | ((sandbox: Sandbox, vertex: Vertex<ExecOp>, setting: StepSetting) => Promise<void>)
    | undefined;
  /** Asked after each piece of output: the step may print more when it is done. */
  shown?(): Promise<void> | undefined;
  /** Whether --allow was given for it. */
  allows(entitlement: 'network.host' | 'security.insecure' | 'device'): boolean;
}
