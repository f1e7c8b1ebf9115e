/**
 * A store as pieces that come and go as a whole, and which of them need which. What it means for something
 * to be kept or free is the same for every kind, so `du` and `prune` know no more of a store than this.
 */

export const kinds = ['base', 'step', 'blob', 'cache-mount', 'context', 'other'] as const;

/**
 * `base`: layers of base images, unpacked, and what is known of them. `step`: what steps left and the records
 * that find it. `blob`: the bytes of images. `other`: records of builds, locks, the frame of the store itself.
 */
export type Kind = (typeof kinds)[number];

export interface Piece {
  /** Unique in its store, the same at every look: `step 0a1b…`, `layer d62coxldj5kqu`, `name docker.io/library/app:1`. */
  readonly id: string;
  readonly kind: Kind;
  /** What it is for people: `[build 2/5] RUN make`. */
  readonly label: string;
  /**
   * `kept`: never removed. `entry`: kept for its own sake, until somebody asks for less. `part`: kept while
   * something that is kept needs it.
   */
  readonly role: 'kept' | 'entry' | 'part';
  /** Files and directories beneath the root. */
  readonly paths: readonly string[];
  /** On the disk. */
  readonly bytes: number;
  /** Ids of other pieces; those that are not there count for nothing. */
  readonly needs: readonly string[];
  /** The one of them that it made itself: whoever needs that stands on this piece. */
  readonly makes?: string;
  /** Milliseconds since the epoch, as all times here. */
  readonly usedAt: number;
  /** When any of its paths was last made, changed or marked as used. */
  readonly changedAt: number;
  /** The lock that whoever uses it holds, beneath the root. */
  readonly lock?: string;
}

/** Whether people would count it: a layer is counted with the step that made it, a name is no thing. */
export function isCounted({ id, kind }: Piece): boolean {
  return kind === 'base' ? id.startsWith('layer ') : /^(step|blob|cache|context|build) /.test(id);
}
