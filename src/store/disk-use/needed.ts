import type { Piece } from './piece.ts';

/**
 * What is kept of a store, as pieces are let go one after another: a piece stays while it is held for its own
 * sake, or by a piece that stays and needs it.
 */
export interface Needed {
  has(id: string): boolean;
  /** Lets go of a piece that was held for its own sake; gives all that nothing holds any more. */
  drop(id: string): Piece[];
  /** What nothing held from the start. */
  readonly unneeded: readonly Piece[];
}

/** @param isHeld whether a piece is held for its own sake */
export function whatIsNeeded(pieces: readonly Piece[], isHeld: (piece: Piece) => boolean): Needed {
  const byID = new Map(pieces.map((piece) => [piece.id, piece]));
  const holders = new Map<string, number>();

  const hold = (id: string): void => {
    const count = holders.get(id) ?? 0;
    holders.set(id, count + 1);
    const piece = byID.get(id);
    if (count === 0) for (const need of new Set(piece?.needs)) hold(need);
  };
  const release = (id: string): Piece[] => {
    const count = (holders.get(id) ?? 0) - 1;
    holders.set(id, count);
    const piece = byID.get(id);
    if (count > 0 || piece === undefined) return [];
    return [piece, ...[...new Set(piece.needs)].flatMap(release)];
  };

  const held = new Set(pieces.filter(isHeld).map(({ id }) => id));
  for (const id of held) hold(id);
  const has = (id: string) => (holders.get(id) ?? 0) > 0;
  const unneeded = pieces.filter(({ id }) => !has(id));
  return {
    has,
    unneeded,
    drop: (id) => (held.delete(id) ? release(id) : []),
  };
}
