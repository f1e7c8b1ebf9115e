/** What a store holds and what of it could go (docs/STORE.md, "Disk use"). */
import { whatIsNeeded } from './disk-use/needed.ts';
import { isCounted, type Kind, kinds, type Piece } from './disk-use/piece.ts';
import { readStore } from './disk-use/read-store.ts';
import { measureTrees } from './disk-use/tree-sizes.ts';
import { choosePieces, totalBytes } from './prune/choose.ts';
import { isLocked } from './prune/move-away.ts';

/** The members are what `strata du --format json` prints. */
export interface DiskUse {
  readonly root: string;
  readonly totalBytes: number;
  /** What `strata prune --all` would free. */
  readonly reclaimableBytes: number;
  /** What `strata prune` would free: nothing needs it. */
  readonly unneededBytes: number;
  readonly kinds: readonly KindUse[];
  readonly entries: readonly EntryUse[];
}

export interface KindUse {
  readonly kind: Kind;
  readonly count: number;
  readonly bytes: number;
  readonly reclaimableBytes: number;
  /** RFC 3339. */
  readonly lastUsed: string | undefined;
}

export interface EntryUse {
  readonly kind: Kind;
  readonly id: string;
  readonly label: string;
  readonly bytes: number;
  /** RFC 3339. */
  readonly lastUsed: string;
  /**
   * `running`: a build that runs uses it. `tagged`: an image that has a name needs it. `free`: a prune may take
   * it. `unneeded`: any prune takes it.
   */
  readonly state: 'running' | 'tagged' | 'free' | 'unneeded';
}

/**
 * Measures the store of a root; one that is not there holds nothing.
 *
 * @param oldestStart when the oldest of all that runs on the store began, if anything does
 * @throws IntegrityError `bad-index` when it cannot be known what is tagged
 */
export async function diskUse(root: string, oldestStart: number | undefined): Promise<DiskUse> {
  const pieces = readStore(root, await measureTrees(root));
  const circumstances = {
    now: Date.now(),
    since: oldestStart ?? Number.POSITIVE_INFINITY,
    isLocked: (piece: Piece) => isLocked(root, piece),
    freeBytes: 0,
  };
  const all = choosePieces(pieces, { select: {} }, circumstances);
  const unneeded = choosePieces(pieces, {}, circumstances);
  const states = stateOf(pieces, all, unneeded);
  const bytesOf = new Map(pieces.map(({ id, bytes }) => [id, bytes]));
  return {
    root,
    totalBytes: totalBytes(pieces),
    reclaimableBytes: totalBytes(all),
    unneededBytes: totalBytes(unneeded),
    kinds: kinds.map((kind) => kindUse(kind, pieces, all)),
    entries: pieces.filter(isCounted).map((piece) => ({
      kind: piece.kind,
      id: piece.id.slice(piece.id.indexOf(' ') + 1),
      label: piece.label,
      bytes: piece.bytes + (bytesOf.get(piece.makes ?? '') ?? 0),
      lastUsed: timeOf(piece.usedAt),
      state: states(piece),
    })),
  };
}

function stateOf(
  pieces: readonly Piece[],
  all: readonly Piece[],
  unneeded: readonly Piece[],
): (piece: Piece) => EntryUse['state'] {
  const needless = new Set(unneeded);
  const free = new Set(all);
  const tagged = whatIsNeeded(pieces, ({ role }) => role === 'kept');
  return (piece) => {
    if (needless.has(piece)) return 'unneeded';
    if (free.has(piece)) return 'free';
    return tagged.has(piece.id) ? 'tagged' : 'running';
  };
}

function kindUse(kind: Kind, pieces: readonly Piece[], reclaimable: readonly Piece[]): KindUse {
  const own = pieces.filter((piece) => piece.kind === kind);
  const counted = own.filter(isCounted);
  const lastUse = Math.max(...counted.map(({ usedAt }) => usedAt));
  return {
    kind,
    count: counted.length,
    bytes: totalBytes(own),
    reclaimableBytes: totalBytes(reclaimable.filter((piece) => piece.kind === kind)),
    lastUsed: counted.length === 0 ? undefined : timeOf(lastUse),
  };
}

function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
