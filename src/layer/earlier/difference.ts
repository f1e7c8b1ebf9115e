import { type BytePath, parentOf } from '../../core/byte-path.ts';
import type { LayerEntry } from '../layer-entry.ts';
import { type FileFacts, factsOf, isSameFile } from './file-facts.ts';

/** Beyond this part of the work a snapshot of its own is worth its place. */
const mostOfAll = 1 / 4;
/** What making a file costs, in bytes that could have been written meanwhile. */
const makingBytes = 16 << 10;

/**
 * Which of a layer's entries have to be written beside the directory of an earlier layer, so that both together are as
 * if all had been written: what is new or another, and the directories it is in. The earlier one may have no path
 * that the layer has not (a deletion would hide what is below both), nor may a directory and something else have
 * taken each other's place.
 *
 * @param entries parents before children
 * @returns undefined where that cannot be done, or is not worth it
 */
export function differenceFrom(
  entries: Iterable<LayerEntry>,
  earlier: FileFacts,
): ReadonlySet<BytePath> | undefined {
  const written = new Set<BytePath>();
  let kept = 0;
  let [all, differing] = [0, 0];
  for (const entry of entries) {
    if (entry.type === 'delete' || entry.type === 'hardlink') return undefined;
    const { path, type, size } = entry;
    all += makingBytes + size;
    const before = earlier.get(path);
    if (before !== undefined) kept++;
    if (before !== undefined && isSameFile(before, factsOf(entry))) continue;
    if (before !== undefined && before.startsWith('directory ') !== (type === 'directory')) return undefined;
    differing += makingBytes + size;
    for (let at = path; at !== '' && !written.has(at); at = parentOf(at)) written.add(at);
  }
  return kept === earlier.size && differing <= all * mostOfAll ? written : undefined;
}
