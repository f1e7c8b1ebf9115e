/** Removing what a store need not hold, while builds go on (docs/STORE.md, "Pruning"). */
import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import { openRefs } from '../content/refs.ts';
import { removeTrees } from '../sys/remove-tree.ts';
import { alone } from '../sys/use-mark.ts';
import { isCounted, type Kind, kinds, type Piece } from './disk-use/piece.ts';
import { type ReadMemory, readStore } from './disk-use/read-store.ts';
import { measureTrees } from './disk-use/tree-sizes.ts';
import { choosePieces, totalBytes } from './prune/choose.ts';
import { isLocked, moveAway } from './prune/move-away.ts';
import type { PrunePolicy } from './prune/policy.ts';

/** Where a prune works. */
export interface PruneSite {
  readonly root: string;
  /** A new, empty directory on the filesystem of the root; who gives it sees to its end. */
  scratch(): string;
  /** When the oldest of all that runs on the store began, this prune among them. */
  oldestStart(): number;
  /** Milliseconds since the epoch. */
  now(): number;
}

export interface PruneReport {
  readonly freed: readonly FreedKind[];
  readonly freedBytes: number;
  /** What the store takes afterwards. */
  readonly keptBytes: number;
}

export interface FreedKind {
  readonly kind: Kind;
  readonly count: number;
  readonly bytes: number;
}

/** In these nothing is marked or put in place while it is decided what goes. */
const markedDirectories = ['steps', 'layers', 'facts', 'images/blobs/sha256'];

/** What a prune would remove now. */
export async function planPrune(site: PruneSite, policy: PrunePolicy): Promise<PruneReport> {
  const { pieces, doomed } = await openPrune(site, policy);
  const chosen = doomed(pieces());
  return report(chosen, totalBytes(pieces()) - totalBytes(chosen));
}

/**
 * Removes what the policy names. Builds that run meanwhile keep what they use; one that looks something up
 * just while it is decided what goes waits for that moment.
 * @throws IntegrityError `bad-index` when it cannot be known what is tagged
 */
export async function pruneStore(site: PruneSite, policy: PrunePolicy): Promise<PruneReport> {
  const { root } = site;
  const { pieces, doomed } = await openPrune(site, policy);
  const names = doomed(pieces()).filter(({ id }) => id.startsWith('name '));
  if (names.length > 0) {
    const refs = openRefs(join(root, 'images'));
    for (const { label } of names) await refs.remove(label);
  }
  const before = totalBytes(pieces());
  const aside = site.scratch();
  const gone = alone(
    markedDirectories.map((path) => join(root, path)),
    () => moveAway(root, doomed(pieces()), aside),
  );
  await removeTrees([aside]);
  return report(gone, before - totalBytes(gone));
}

async function openPrune({ root, oldestStart, now }: PruneSite, policy: PrunePolicy) {
  const sizeOf = await measureTrees(root);
  const memory: ReadMemory = new Map();
  return {
    /** As it lies now; what did not change is not read again. */
    pieces: () => readStore(root, sizeOf, memory),
    doomed(pieces: readonly Piece[]): Piece[] {
      const { bavail, bsize } = statfsSync(root);
      return choosePieces(pieces, policy, {
        now: now(),
        since: oldestStart(),
        isLocked: (piece) => isLocked(root, piece),
        freeBytes: bavail * bsize,
      });
    },
  };
}

function report(gone: readonly Piece[], keptBytes: number): PruneReport {
  const freed = kinds
    .map((kind): FreedKind => {
      const pieces = gone.filter((piece) => piece.kind === kind);
      return { kind, count: pieces.filter(isCounted).length, bytes: totalBytes(pieces) };
    })
    .filter(({ count, bytes }) => count > 0 || bytes > 0);
  return { freed, freedBytes: totalBytes(gone), keptBytes };
}
