import { whatIsNeeded } from '../disk-use/needed.ts';
import type { Piece } from '../disk-use/piece.ts';
import type { PruneLimits, PrunePolicy, PruneSelection } from './policy.ts';

/** What a choice depends on beside the store itself. */
export interface Circumstances {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** When the oldest running build began: what was changed or marked since then is in use. */
  readonly since: number;
  /** Whether somebody holds the lock of a piece. */
  isLocked(piece: Piece): boolean;
  /** Of the filesystem. */
  readonly freeBytes: number;
}

/**
 * What has to go: what nothing needs, then, the least recently used first, as much of what may go as the
 * policy wants. Never what a running build uses, what is tagged, or what one of them needs.
 */
export function choosePieces(
  pieces: readonly Piece[],
  { select, limits }: PrunePolicy,
  circumstances: Circumstances,
): Piece[] {
  const { since, now, isLocked } = circumstances;
  const isInUse = (piece: Piece) => piece.changedAt >= since || isLocked(piece);
  const needed = whatIsNeeded(pieces, (piece) => piece.role !== 'part' || isInUse(piece));
  const doomed = [...needed.unneeded];
  if (select === undefined) return doomed;
  const isEnough = enough(limits, totalBytes(pieces), circumstances.freeBytes);
  const lastUse = lastUseOf(pieces);
  const candidates = pieces
    .filter((piece) => piece.role === 'entry' && !isInUse(piece) && fits(piece, select, now - lastUse(piece)))
    .sort((a, b) => lastUse(a) - lastUse(b) || b.needs.length - a.needs.length || (a.id < b.id ? -1 : 1));
  let gone = totalBytes(doomed);
  for (const { id } of candidates) {
    if (isEnough(gone)) break;
    const dropped = needed.drop(id);
    gone += totalBytes(dropped);
    doomed.push(...dropped);
  }
  return doomed;
}

/** What pieces take on the disk. */
export function totalBytes(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Says of a number of bytes that go whether it suffices; without limits nothing does. */
function enough(limits: PruneLimits | undefined, total: number, free: number): (gone: number) => boolean {
  if (limits === undefined) return () => false;
  const { keepBytes = Number.POSITIVE_INFINITY, freeBytes = 0 } = limits;
  return (gone) => total - gone <= keepBytes && free + gone >= freeBytes;
}

/** A step is used whenever one that stands on it is, and a base with every step on it. */
function lastUseOf(pieces: readonly Piece[]): (piece: Piece) => number {
  const uses = new Map<string, number>();
  for (const { role, needs, usedAt } of pieces) {
    if (role === 'part') continue;
    for (const need of needs) uses.set(need, Math.max(uses.get(need) ?? 0, usedAt));
  }
  return ({ id, makes = id, usedAt }) => Math.max(usedAt, uses.get(makes) ?? 0);
}

function fits(
  piece: Piece,
  { kinds, unusedFor = 0, id = '', text = '' }: PruneSelection,
  age: number,
): boolean {
  return (
    (kinds?.includes(piece.kind) ?? true) &&
    age >= unusedFor &&
    (piece.id.startsWith(id) || piece.id.slice(piece.id.indexOf(' ') + 1).startsWith(id)) &&
    piece.label.includes(text)
  );
}
