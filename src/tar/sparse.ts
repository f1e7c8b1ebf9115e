/**
 * Sparse files as GNU tar stores them: only the data is in the archive, a map says where it belongs (GNU
 * tar manual, "Storing Sparse Files"). Four ways to write the map: in the header of a member of type `S`,
 * in extended records (0.0 and 0.1), and in front of the data (1.0).
 */
import { badHeader, badSparse } from './errors.ts';
import { decodeNumber } from './numbers.ts';
import { decodePaxNumber, type PaxRecord } from './pax.ts';

/** A run of data in a sparse file. */
export interface Fragment {
  readonly offset: number;
  readonly length: number;
}

/** What extended records say of a sparse member. */
interface PaxSparse {
  /** The real name; the one in the header is made up. */
  readonly name: string | undefined;
  readonly size: number;
  /** Undefined when the map precedes the data. */
  readonly map: readonly Fragment[] | undefined;
}

/** Finds the sparse keywords among a member's records. @throws IntegrityError `tar-bad-pax`, `tar-bad-sparse` */
export function paxSparse(records: readonly PaxRecord[]): PaxSparse | undefined {
  const last = new Map(records);
  const size = last.get('GNU.sparse.realsize') ?? last.get('GNU.sparse.size');
  if (size === undefined) return undefined;
  const name = last.get('GNU.sparse.name');
  const realSize = decodePaxNumber(size, 'GNU.sparse.size');
  if (last.get('GNU.sparse.major') === '1') return { name, size: realSize, map: undefined };
  const list = last.get('GNU.sparse.map');
  if (list !== undefined) return { name, size: realSize, map: pairs(list === '' ? [] : list.split(',')) };
  // 0.0 repeats its two keywords, an offset and then a length, once for each fragment.
  const numbers = records
    .filter(([key]) => key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes')
    .map(([, value]) => value);
  return { name, size: realSize, map: pairs(numbers) };
}

type OldBlock = 'header' | 'extension';
const oldMapPlace = { header: { at: 386, count: 4, more: 482 }, extension: { at: 0, count: 21, more: 504 } };

/** The fragments in a header of type `S`, or in one of the blocks that continue it. */
export function decodeOldMap(block: Buffer, kind: OldBlock): Fragment[] {
  const { at: start, count } = oldMapPlace[kind];
  const out: Fragment[] = [];
  for (let at = start; at < start + count * 24 && block[at] !== 0; at += 24) {
    out.push({
      offset: decodeNumber(block, at, 12, 'sparse offset'),
      length: decodeNumber(block, at + 12, 12, 'sparse length'),
    });
  }
  return out;
}

/** Whether another block of the map follows. */
export function oldMapContinues(block: Buffer, kind: OldBlock): boolean {
  return block[oldMapPlace[kind].more] !== 0;
}

/** The size of the whole file, from a header of type `S`. */
export function oldRealSize(header: Buffer): number {
  const size = decodeNumber(header, 483, 12, 'real size');
  if (size < 0) throw badHeader('the real size of a member is negative');
  return size;
}

/** How many lines the map of format 1.0 has: the count of fragments, and two for each. */
export function leadingMapLines(text: string): number {
  return 1 + 2 * decodePaxNumber(text.slice(0, text.indexOf('\n')), 'GNU.sparse.numblocks');
}

/** Reads the map of format 1.0: decimal numbers, each ended by a line feed. */
export function decodeLeadingMap(text: string): readonly Fragment[] {
  return pairs(text.split('\n').slice(1, leadingMapLines(text)));
}

/**
 * Fragments must come in order, apart, inside the file, and hold just the bytes that are stored.
 * @throws IntegrityError `tar-bad-sparse`
 */
export function checkSparseMap(map: readonly Fragment[], size: number, stored: number): void {
  let end = 0;
  let sum = 0;
  for (const { offset, length } of map) {
    if (offset < end || length < 0) throw badSparse('its fragments overlap');
    end = offset + length;
    sum += length;
    if (!(end <= size)) throw badSparse('a fragment lies behind the end of the file');
  }
  if (sum !== stored) throw badSparse(`it covers ${sum} bytes, the archive has ${stored}`);
}

function pairs(numbers: readonly string[]): Fragment[] {
  if (numbers.length % 2 !== 0) throw badSparse('an offset has no length');
  const values = numbers.map((text) => decodePaxNumber(text, 'GNU.sparse.map'));
  const out: Fragment[] = [];
  for (let at = 0; at < values.length; at += 2) {
    out.push({ offset: values[at] ?? 0, length: values[at + 1] ?? 0 });
  }
  return out;
}
