/** What the solver is given by the build. */
import type { StepCache, StepRecord } from '../cache/step-cache.ts';
import type { Digest, KeyDigest } from '../core/digest.ts';
import type { EmitEvent } from '../core/event.ts';
import type { Limiter } from '../core/limiter.ts';
import type { SourceText } from '../core/source/span.ts';
import type { Vertex, VertexID } from '../plan/vertex.ts';
import type { SnapshotID } from '../snapshot/snapshotter.ts';
import type { OpRunner } from './op-runner.ts';
import type { StepResult } from './step-result.ts';

/** A base image as the solver sees it. */
export interface SolverBase {
  readonly identity: string;
  /** Of its manifest: what a moved tag is told by. */
  readonly digest: Digest;
  readonly snapshots: readonly SnapshotID[];
}

/** What an imported cache has recorded of a step. */
export interface ImportedStep {
  /** It says where it is `from`. */
  readonly record: StepRecord;
  /** Makes its layers known to the store; false when that cannot be. */
  adopt(): Promise<boolean>;
}

/** What a solver takes from its build. */
export interface SolverServices {
  readonly vertices: ReadonlyMap<VertexID, Vertex>;
  readonly steps: StepCache;
  /** Steps that this build ran, for whichever of its platforms: their results answer even where the cache is ignored. */
  readonly ranHere: Set<KeyDigest>;
  /** What is recorded elsewhere of a step; asked when the store has no answer. */
  imported(key: KeyDigest): readonly ImportedStep[];
  /** Whether a snapshot can still be had, as files or as a layer blob. */
  isAvailable(snapshot: SnapshotID): boolean;
  /** The filesystem of a base image, and its identity. */
  base(vertex: Vertex): SolverBase;
  runner(vertex: Vertex): OpRunner<Vertex['op']>;
  /** Called once for each step that was run, when its record is saved. */
  onResult(vertex: Vertex, result: StepResult): void;
  /** The Dockerfile, for errors. */
  readonly source: SourceText;
  readonly limiter: Limiter;
  readonly emit: EmitEvent;
  readonly signal: AbortSignal;
  now(): number;
}
