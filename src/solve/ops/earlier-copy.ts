/**
 * A copy whose files are nearly those of the last copy like it: only what differs is written, and the snapshot leaves
 * the rest to the earlier one. Editing one of 20,000 files then writes one file, not 20,000.
 */
import { constants, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { StepCache } from '../../cache/step-cache.ts';
import { type BytePath, bytePathFromText, bytePathToFs, joinBytePath } from '../../core/byte-path.ts';
import type { KeyDigest } from '../../core/digest.ts';
import { differenceFrom } from '../../layer/earlier/difference.ts';
import { type FactsOfLayers, FactsWriter, type FileFacts } from '../../layer/earlier/file-facts.ts';
import type { LayerEntry } from '../../layer/layer-entry.ts';
import type { SnapshotID, Snapshotter } from '../../snapshot/snapshotter.ts';

/** How the files of a copy come to be those of a snapshot. */
export interface CopyPlan {
  /** All of them, to be gone through once. */
  readonly entries: Iterable<LayerEntry>;
  /** The snapshot that has those which are not written; undefined where all are. */
  readonly rest: SnapshotID | undefined;
  isWritten(path: BytePath): boolean;
  /** To be called when the snapshot has its name. */
  published(id: SnapshotID): void;
}

export interface EarlierCopies {
  /**
   * @param like what copies have in common that are likely to have the same files
   * @param entries gone through once
   */
  open(like: KeyDigest, entries: Iterable<LayerEntry>): CopyPlan;
  /** Waits until what later copies need of those that were published is in the store. */
  finish(): Promise<void>;
}

/** Fewer files that are smaller are written sooner than compared. */
const [fewFiles, fewBytes] = [200, 16 << 20];
/** Of more it would take too much memory to know them all. */
const manyFiles = 100_000;
/** Until the next step runs, which leaves this process with nothing to do. */
const restMs = 50;

/** @param memory keeps which snapshot the last whole copy of a kind made: what it names stays in the store */
export function openEarlierCopies(
  snapshotter: Snapshotter,
  facts: FactsOfLayers,
  memory: Pick<StepCache, 'recall' | 'remember'>,
): EarlierCopies {
  /** The snapshot that copies like this one may leave files to, and what these are. */
  function find(like: KeyDigest): { readonly rest: SnapshotID; readonly earlier: FileFacts } | undefined {
    const rest = memory.recall(like);
    const earlier = rest === undefined ? undefined : facts.read(rest);
    if (rest === undefined || earlier === undefined) return undefined;
    return snapshotter.has(rest) && snapshotter.canHaveRest() ? { rest, earlier } : undefined;
  }

  const ending = new AbortController();
  const noted: Promise<void>[] = [];

  /** Notes what the files of a snapshot are, so that a later copy can leave them to it. */
  async function note(like: KeyDigest, id: SnapshotID, known: FactsWriter): Promise<void> {
    await delay(restMs, undefined, { signal: ending.signal }).catch(() => {});
    await facts.keep(id, known);
    await memory.remember(like, id);
  }

  function first(like: KeyDigest, entries: Iterable<LayerEntry>): CopyPlan {
    const known = new FactsWriter();
    let bytes = 0;
    let isPlain = true;
    function* watched(): Generator<LayerEntry> {
      for (const entry of entries) {
        if (entry.type === 'delete' || entry.type === 'hardlink') isPlain = false;
        else if (isPlain && known.size <= manyFiles) {
          known.add(entry);
          bytes += entry.size;
        }
        yield entry;
      }
    }
    return {
      ...wholeCopy(watched()),
      published(id) {
        const isFew = known.size < fewFiles && bytes < fewBytes;
        if (!isPlain || isFew || known.size > manyFiles) return;
        const noting = note(like, id, known);
        // Whoever waits for it in the end meets the failure.
        noting.catch(() => {});
        noted.push(noting);
      },
    };
  }

  return {
    open(like, given) {
      const found = find(like);
      if (found === undefined) return first(like, given);
      const { rest, earlier } = found;
      const source = given[Symbol.iterator]();
      // With so many more it is another tree, and they would take much memory.
      const entries = take(source, 2 * earlier.size + 1);
      const all = followed(entries, source);
      const written = entries.length > 2 * earlier.size ? undefined : differenceFrom(entries, earlier);
      if (written === undefined) return first(like, all);
      const isWritten = (path: BytePath) => written.has(path);
      return { ...wholeCopy(readingFrom(snapshotter.path(rest), all, isWritten)), rest, isWritten };
    },
    async finish() {
      ending.abort();
      await Promise.all(noted);
    },
  };
}

function take<T>(source: Iterator<T>, most: number): T[] {
  const taken: T[] = [];
  while (taken.length < most) {
    const { done, value } = source.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}

function* followed<T>(head: readonly T[], source: Iterator<T>): Generator<T> {
  yield* head;
  for (let next = source.next(); !next.done; next = source.next()) yield next.value;
}

/** All files are written, and nobody asks again. */
export function wholeCopy(entries: Iterable<LayerEntry>): CopyPlan {
  return { entries, rest: undefined, isWritten: () => true, published: () => {} };
}

/** The content of what is not written comes from where it is, so that it is the same in the layer as in the files. */
function* readingFrom(
  directory: string,
  entries: Iterable<LayerEntry>,
  isWritten: (path: BytePath) => boolean,
): Generator<LayerEntry> {
  const root = bytePathFromText(directory);
  for (const entry of entries) {
    if (entry.type !== 'file' || entry.content === undefined || isWritten(entry.path)) {
      yield entry;
      continue;
    }
    const host = bytePathToFs(joinBytePath(root, entry.path));
    const open = () => openSync(host, constants.O_RDONLY | constants.O_NOFOLLOW);
    yield { ...entry, content: { kind: 'file', open } };
  }
}
