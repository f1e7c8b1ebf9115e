/** What a build came to, in the few numbers that say most (docs/BUILDS.md). Times are milliseconds, sizes bytes. */
export interface BuildSummary {
  /** Its number among the builds of the store. */
  readonly build: number;
  readonly outcome: 'done' | 'failed' | 'canceled';
  readonly wallMs: number;
  /** Those of the Dockerfile that the target needs; `notReached` when the build ended before them. */
  readonly steps: {
    readonly cached: number;
    readonly run: number;
    readonly failed: number;
    readonly notReached: number;
  };
  /** Of the steps that ran, three at most, the slowest first. */
  readonly slowest: readonly { readonly label: string; readonly durationMs: number }[];
  /** Null when the build made no image. */
  readonly layers: LayerReuse | null;
  readonly pushes: readonly PushSummary[];
}

export interface LayerReuse {
  /** Of the base image, of steps that were hits, or in the image of the build before: nothing new to store. */
  readonly reused: LayerSum;
  readonly new: LayerSum;
  /** Against the image of the build before; null when there is none. */
  readonly inLast: LayerSum | null;
}

export interface LayerSum {
  readonly count: number;
  /** As they are stored. */
  readonly bytes: number;
}

export interface PushSummary {
  readonly repository: string;
  readonly sentBytes: number;
  /** What the registry had, in this repository or in another. */
  readonly thereBytes: number;
}
