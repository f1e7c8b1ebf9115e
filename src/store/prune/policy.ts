import type { Kind } from '../disk-use/piece.ts';

/** What a prune is asked to do beside removing what nothing needs. */
export interface PrunePolicy {
  /** What may be let go; absent: nothing that is of use. */
  readonly select?: PruneSelection;
  /** When it is enough; absent: all that may be let go is. */
  readonly limits?: PruneLimits;
}

/** All members have to fit. */
export interface PruneSelection {
  /** Any when absent. */
  readonly kinds?: readonly Kind[];
  /** Milliseconds. */
  readonly unusedFor?: number;
  /** The beginning of an id, as `du --verbose` shows it. */
  readonly id?: string;
  /** Part of what `du --verbose` shows of it. */
  readonly text?: string;
}

/** All that are given have to be reached. */
export interface PruneLimits {
  /** The whole store takes at most this many bytes. */
  readonly keepBytes?: number;
  /** The filesystem has at least this many bytes free. */
  readonly freeBytes?: number;
}
