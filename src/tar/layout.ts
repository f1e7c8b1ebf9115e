import type { ChunkInput, Reading } from './chunk-input.ts';
import type { TarEntry } from './entry.ts';
import { badSparse, headerTooLarge, metadataLimit, truncated } from './errors.ts';
import { blockSize, type RawHeader } from './header.ts';
import { memberPath } from './member.ts';
import type { PaxRecord } from './pax.ts';
import {
  checkSparseMap,
  decodeLeadingMap,
  decodeOldMap,
  type Fragment,
  leadingMapLines,
  oldMapContinues,
  oldRealSize,
  paxSparse,
} from './sparse.ts';

/** Where the bytes that follow belong in the file. */
export interface Layout {
  readonly path: string;
  readonly size: number;
  readonly map: readonly Fragment[];
}

/**
 * Reads where a member's content belongs: one piece, unless the file is sparse. What is left of the member then
 * is its data.
 * @param block the header as it stands in the archive
 * @throws IntegrityError `tar-bad-sparse`, `tar-bad-pax`, `tar-header-too-large`, `tar-truncated`
 */
export function* readLayout(
  input: ChunkInput,
  header: RawHeader,
  block: Buffer,
  { path, type, size }: TarEntry,
  records: readonly PaxRecord[],
): Reading<Layout> {
  if (header.typeflag === 'S') {
    const realSize = oldRealSize(block);
    const map = yield* readOldMap(input, block);
    checkSparseMap(map, realSize, size);
    return { path, size: realSize, map };
  }
  const sparse = type === 'file' ? paxSparse(records) : undefined;
  if (sparse === undefined) return { path, size, map: size === 0 ? [] : [{ offset: 0, length: size }] };
  const lead = sparse.map === undefined ? yield* readLeadingMap(input, size) : { map: sparse.map, length: 0 };
  checkSparseMap(lead.map, sparse.size, size - lead.length);
  return {
    path: sparse.name === undefined ? path : memberPath(sparse.name),
    size: sparse.size,
    map: lead.map,
  };
}

function* readOldMap(input: ChunkInput, header: Buffer): Reading<readonly Fragment[]> {
  const map = decodeOldMap(header, 'header');
  let more = oldMapContinues(header, 'header');
  for (let bytes = blockSize; more; bytes += blockSize) {
    if (bytes > metadataLimit) throw headerTooLarge('the map of a sparse file');
    const block = yield* input.exactly(blockSize);
    if (block.length < blockSize) throw truncated('the map of a sparse file');
    map.push(...decodeOldMap(block, 'extension'));
    more = oldMapContinues(block, 'extension');
  }
  return map;
}

/** Reads the map in front of the data, padded to whole blocks. */
function* readLeadingMap(
  input: ChunkInput,
  stored: number,
): Reading<{ readonly map: readonly Fragment[]; readonly length: number }> {
  let text = '';
  let lines = 0;
  for (let length = blockSize; ; length += blockSize) {
    if (length > metadataLimit) throw headerTooLarge('the map of a sparse file');
    if (length > stored) throw badSparse('it is longer than the member');
    const block = yield* input.exactly(blockSize);
    if (block.length < blockSize) throw truncated('the map of a sparse file');
    text += block.toString('latin1');
    for (const byte of block) if (byte === 0x0a) lines++;
    if (lines > 0 && lines >= leadingMapLines(text)) return { map: decodeLeadingMap(text), length };
  }
}
