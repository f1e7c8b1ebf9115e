/**
 * The record a build leaves, `builds/N.json`: what its steps were and what became of each, for explaining a
 * later build and for looking back. Nothing a build does depends on one: records are written aside and
 * renamed but not flushed, and one that does not read is none. docs/BUILDS.md describes the members.
 */
import type { Cause } from '../../cache/explain/cause.ts';
import type { Recipe } from '../../cache/recipe.ts';
import type { Digest, KeyDigest } from '../../core/digest.ts';
import type { VertexID } from '../../plan/vertex.ts';
import type { Refusal } from '../../solve/step-result.ts';

export interface BuildRecord {
  readonly schema: 2;
  /** Counted from 1 in each root. */
  readonly number: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly outcome: 'done' | 'failed' | 'canceled';
  /** Code and message of what ended it. */
  readonly error?: { readonly code: string; readonly message: string };
  /** The directory, whole, or the URL; `-` is standard input. */
  readonly context: string;
  readonly dockerfile?: string;
  readonly target?: string;
  readonly tags: readonly string[];
  readonly images: readonly RecordedImage[];
  /** One for each platform. */
  readonly plans: readonly PlanRecord[];
  /** What was done besides: metadata asked for, images fetched, results exported and pushed. */
  readonly work: readonly RecordedWork[];
  /** One for each repository that the result went to. */
  readonly pushes: readonly RecordedPush[];
  /** The build before it of the same context, image name or Dockerfile. */
  readonly previous?: number;
}

export interface RecordedImage {
  readonly platform: string;
  readonly digest: Digest;
  readonly configDigest: Digest;
  /** Lowest first. */
  readonly layers: readonly RecordedLayer[];
}

export interface RecordedLayer {
  readonly digest: Digest;
  /** As it is stored. */
  readonly sizeBytes: number;
  /** Of the base image, of a step that was a hit, or of one that ran. */
  readonly origin: 'base' | 'cached' | 'run';
  /** Whether the image of the last such build had it; absent when there was none. */
  readonly wasInLast?: boolean;
}

export interface RecordedWork {
  /** As it was shown: `pushing registry.test/app:1`. */
  readonly label: string;
  readonly startedAt: number;
  readonly durationMs: number;
}

export interface RecordedPush {
  /** `registry.test/team/app`. */
  readonly repository: string;
  readonly sent: BlobSum;
  /** Taken over from another repository of the registry. */
  readonly mounted: BlobSum;
  /** There already. */
  readonly skipped: BlobSum;
}

export interface BlobSum {
  readonly blobs: number;
  readonly bytes: number;
}

export interface PlanRecord {
  readonly platform: string;
  /** In the order of the Dockerfile; base images are not among them. */
  readonly steps: readonly RecordedStep[];
}

export interface RecordedStep {
  readonly id: VertexID;
  /** As it was shown: `[build 2/5] RUN make`. */
  readonly label: string;
  readonly stage: string;
  /** The instruction as it stands in the Dockerfile. */
  readonly text: string;
  /** Where it begins in the Dockerfile, from 1 on; a trigger has the FROM that fires it. */
  readonly line?: number;
  /** The step or image it stands on; absent on scratch. */
  readonly below?: VertexID | undefined;
  /** Other steps and images whose files it takes; absent when there are none. */
  readonly takesFrom?: readonly VertexID[];
  /** Absent when nobody had to know it. */
  readonly key?: KeyDigest | undefined;
  /** Absent when the build ended before it came to that. */
  readonly result?: 'cached' | 'run' | 'failed';
  /** The import that answered; absent when it was the store. */
  readonly from?: string;
  /** It is recorded nowhere, and nobody had to know: what stands on it was a hit. */
  readonly isCovered?: boolean;
  readonly startedAt?: number;
  readonly durationMs?: number;
  /** Why what was recorded of its key did not answer. */
  readonly refusal?: Refusal;
  /** Of a step that left no record of its own. */
  readonly recipe?: Recipe;
  /** Of a step whose layer the image has. */
  readonly layer?: { readonly digest: Digest; readonly sizeBytes: number };
  /** Why it ran. */
  readonly causes?: readonly Cause[];
}
