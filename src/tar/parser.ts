/**
 * Reads archives of every dialect met in the wild: v7, ustar, pax, GNU (long names, base-256 numbers,
 * sparse files) and star. No length is believed before its bytes are there, and nothing but metadata is
 * kept in memory.
 */
import { ChunkInput } from './chunk-input.ts';
import type { TarEntry } from './entry.ts';
import { badHeader, badSparse, headerTooLarge, truncated } from './errors.ts';
import { blockSize, decodeHeader, type RawHeader } from './header.ts';
import { describeMember, type Extensions, memberPath } from './member.ts';
import { decodePaxRecords, type PaxRecord } from './pax.ts';
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

/** Called while bytes are pushed, in the order of the archive. */
export interface TarHandler {
  /** A member begins. */
  entry(entry: TarEntry): void;
  /**
   * A piece of its content. Offsets ascend; bytes that no piece covers (the holes of a sparse file) are
   * zero. `bytes` is part of what was pushed and valid during the call only.
   */
  data(bytes: Uint8Array, offset: number): void;
  /** The member is complete. */
  entryEnd(): void;
}

export interface TarParser {
  /**
   * Takes the next bytes of the archive; what follows its end marker is ignored.
   * @throws IntegrityError `tar-bad-header`, `tar-bad-pax`, `tar-bad-sparse`, `tar-header-too-large`
   */
  push(chunk: Uint8Array): void;
  /** There are no more bytes. @throws IntegrityError `tar-truncated` */
  end(): void;
}

/** Names, records and sparse maps beyond this are refused: real ones are smaller by orders. */
const metadataLimit = 1 << 20;

/** Starts reading an archive; a parser is for one archive only. */
export function createTarParser(handler: TarHandler): TarParser {
  const input = new ChunkInput();
  const run = readArchive(input, handler);
  let failure: { readonly error: unknown } | undefined;
  const step = () => {
    if (failure !== undefined) throw failure.error;
    try {
      run.next();
    } catch (error) {
      failure = { error };
      throw error;
    }
  };
  return {
    push(chunk) {
      if (chunk.length === 0) return;
      input.give(chunk);
      step();
    },
    end() {
      input.end();
      step();
    },
  };
}

/** Yields when it needs the next chunk. */
type Reading<T> = Generator<undefined, T, undefined>;

function* readArchive(input: ChunkInput, handler: TarHandler): Reading<void> {
  const globals = new Map<string, string>();
  const plain: Extensions = { records: [], globals, longName: undefined, longLink: undefined };
  let extensions = plain;
  for (;;) {
    const block = yield* input.exactly(blockSize);
    if (block.length === 0 && extensions === plain) return;
    if (block.length < blockSize) throw truncated('a header');
    if (isZero(block)) {
      if (extensions !== plain) throw badHeader('an extended header has no member');
      return yield* readEndMarker(input);
    }
    const header = decodeHeader(block);
    switch (header.typeflag) {
      case 'x':
      case 'X': // Solaris
        extensions = { ...extensions, records: decodePaxRecords(yield* readMetadata(input, header)) };
        break;
      case 'g':
        addGlobals(globals, decodePaxRecords(yield* readMetadata(input, header)));
        break;
      case 'L':
        extensions = { ...extensions, longName: untilNul(yield* readMetadata(input, header)) };
        break;
      case 'K':
        extensions = { ...extensions, longLink: untilNul(yield* readMetadata(input, header)) };
        break;
      case 'V': // the label of a volume
        yield* skip(input, header.size + paddingOf(header.size));
        break;
      default:
        yield* readMember(input, handler, header, block, extensions);
        extensions = plain;
    }
  }
}

/** An archive ends with two blocks of zeros; one and then the end is common and harmless. */
function* readEndMarker(input: ChunkInput): Reading<void> {
  const second = yield* input.exactly(blockSize);
  if (second.length === 0 || (second.length === blockSize && isZero(second))) return;
  throw badHeader('a single block of zeros stands between its members');
}

function* readMember(
  input: ChunkInput,
  handler: TarHandler,
  header: RawHeader,
  block: Buffer,
  extensions: Extensions,
): Reading<void> {
  const member = describeMember(header, extensions);
  const content = yield* readLayout(input, header, block, member, extensions.records);
  handler.entry({ ...member, path: content.path, size: content.size });
  let stored = 0;
  for (const { offset, length } of content.map) {
    for (let done = 0; done < length; ) {
      const bytes = yield* input.some(length - done);
      if (bytes === undefined) throw truncated('the content of a file');
      handler.data(bytes, offset + done);
      done += bytes.length;
    }
    stored += length;
  }
  yield* skip(input, paddingOf(stored));
  handler.entryEnd();
}

/** Where the bytes that follow belong in the file. */
interface Layout {
  readonly path: string;
  readonly size: number;
  readonly map: readonly Fragment[];
}

function* readLayout(
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
    if (bytes > metadataLimit) throw headerTooLarge('the map of a sparse file', metadataLimit);
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
    if (length > metadataLimit) throw headerTooLarge('the map of a sparse file', metadataLimit);
    if (length > stored) throw badSparse('it is longer than the member');
    const block = yield* input.exactly(blockSize);
    if (block.length < blockSize) throw truncated('the map of a sparse file');
    text += block.toString('latin1');
    for (const byte of block) if (byte === 0x0a) lines++;
    if (lines > 0 && lines >= leadingMapLines(text)) return { map: decodeLeadingMap(text), length };
  }
}

function* readMetadata(input: ChunkInput, { size }: RawHeader): Reading<Buffer> {
  if (size > metadataLimit) throw headerTooLarge('an extended header', metadataLimit);
  const payload = yield* input.exactly(size);
  if (payload.length < size) throw truncated('an extended header');
  // Reading the padding may take the next chunk, and the payload is part of this one.
  const kept = Buffer.from(payload);
  yield* skip(input, paddingOf(size));
  return kept;
}

function* skip(input: ChunkInput, length: number): Reading<void> {
  for (let left = length; left > 0; ) {
    const bytes = yield* input.some(left);
    if (bytes === undefined) throw truncated('the padding of a member');
    left -= bytes.length;
  }
}

function addGlobals(globals: Map<string, string>, records: readonly PaxRecord[]): void {
  for (const [key, value] of records) {
    if (value === '') globals.delete(key);
    else globals.set(key, value);
  }
  let total = 0;
  for (const [key, value] of globals) total += key.length + value.length;
  if (total > metadataLimit) throw headerTooLarge('the sum of all global headers', metadataLimit);
}

function untilNul(payload: Buffer): string {
  const nul = payload.indexOf(0);
  return payload.toString('latin1', 0, nul < 0 ? payload.length : nul);
}

function isZero(block: Buffer): boolean {
  for (const byte of block) if (byte !== 0) return false;
  return true;
}

function paddingOf(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize;
}
