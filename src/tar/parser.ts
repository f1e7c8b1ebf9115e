/**
 * Reads archives of every dialect met in the wild: v7, ustar, pax, GNU (long names, base-256 numbers,
 * sparse files) and star. No length is believed before its bytes are there, and nothing but metadata is
 * kept in memory.
 */
import { ChunkInput, type Reading } from './chunk-input.ts';
import type { TarEntry } from './entry.ts';
import { badHeader, headerTooLarge, metadataLimit, truncated } from './errors.ts';
import { blockSize, decodeHeader, paddingAfter, type RawHeader } from './header.ts';
import { readLayout } from './layout.ts';
import { describeMember, type Extensions } from './member.ts';
import { decodePaxRecords, type PaxRecord } from './pax.ts';

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

/** Reads an archive that comes in pieces of any length. */
export interface TarParser {
  /**
   * Takes the next bytes of the archive; what follows its end marker is ignored.
   * @throws IntegrityError `tar-bad-header`, `tar-bad-pax`, `tar-bad-sparse`, `tar-header-too-large`
   */
  push(chunk: Uint8Array): void;
  /** There are no more bytes. @throws IntegrityError `tar-truncated` */
  end(): void;
}

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
        yield* skip(input, header.size + paddingAfter(header.size));
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
  yield* skip(input, paddingAfter(stored));
  handler.entryEnd();
}

function* readMetadata(input: ChunkInput, { size }: RawHeader): Reading<Buffer> {
  if (size > metadataLimit) throw headerTooLarge('an extended header');
  const payload = yield* input.exactly(size);
  if (payload.length < size) throw truncated('an extended header');
  // Reading the padding may take the next chunk, and the payload is part of this one.
  const kept = Buffer.from(payload);
  yield* skip(input, paddingAfter(size));
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
  if (total > metadataLimit) throw headerTooLarge('the sum of all global headers');
}

function untilNul(payload: Buffer): string {
  const nul = payload.indexOf(0);
  return payload.toString('latin1', 0, nul < 0 ? payload.length : nul);
}

function isZero(block: Buffer): boolean {
  for (const byte of block) if (byte !== 0) return false;
  return true;
}
