/** Layers in which no time is later than one that was asked for, so that building again gives the same bytes. */
import { createHash } from 'node:crypto';
import type { BlobStore } from '../content/blob-store.ts';
import { type DiffID, digestFromHex } from '../core/digest.ts';
import type { StoredLayer } from '../oci/descriptor.ts';
import { encodeHeader, tarTrailer } from '../tar/encode.ts';
import type { TarEntry } from '../tar/entry.ts';
import { paddingAfter } from '../tar/header.ts';
import { createTarParser } from '../tar/parser.ts';
import type { Compression } from './compression.ts';
import { assertDiffID } from './diff-id.ts';
import { inflateLayer } from './inflate/inflate.ts';
import type { PackedLayer } from './layer-blob.ts';
import { packTar } from './pack-tar.ts';

/**
 * Stores a layer once more, the times that are later than `seconds` set to it. All else stays.
 * @returns undefined when no time is later
 * @throws IntegrityError `diff-id-mismatch`, `blob-missing`, `blob-damaged`, those of a damaged archive; what
 *   `packTar` throws
 */
export async function clampLayer(
  layer: StoredLayer,
  blobs: BlobStore,
  seconds: number,
  compression: Compression,
  signal: AbortSignal,
): Promise<PackedLayer | undefined> {
  const { tar, found } = clampTar(inflateLayer(blobs.open(layer.descriptor)), seconds);
  const packed = await packTar(tar, blobs, compression, signal, () =>
    assertDiffID(found().diffID, layer.diffID, `the layer ${layer.descriptor.digest}`),
  );
  return found().isChanged ? packed : undefined;
}

interface Found {
  /** Of the archive that was read. */
  readonly diffID: DiffID;
  readonly isChanged: boolean;
}

/** Writes an archive as it is read; `found` may be called at its end. */
function clampTar(
  source: AsyncIterable<Uint8Array>,
  seconds: number,
): { readonly tar: AsyncIterable<Uint8Array>; found(): Found } {
  const hash = createHash('sha256');
  let isChanged = false;
  let diffID: DiffID | undefined;
  const output: Uint8Array[] = [];
  let size = 0;
  let written = 0;
  const fillTo = (end: number) => {
    for (; written < end; written += zeros.length) output.push(zeros.subarray(0, end - written));
    written = end;
  };
  const parser = createTarParser({
    entry(entry) {
      const isLate = isLater(entry, seconds);
      isChanged ||= isLate;
      output.push(encodeHeader(isLate ? { ...entry, mtime: { seconds, nanoseconds: 0 } } : entry));
      size = entry.size;
      written = 0;
    },
    data(bytes, offset) {
      fillTo(offset);
      output.push(bytes.slice());
      written += bytes.length;
    },
    entryEnd() {
      fillTo(size + paddingAfter(size));
    },
  });

  async function* tar(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of source) {
      hash.update(chunk);
      parser.push(chunk);
      yield* output.splice(0);
    }
    parser.end();
    yield* output.splice(0);
    yield tarTrailer;
  }
  return {
    tar: tar(),
    found() {
      diffID ??= digestFromHex<DiffID>(hash.digest('hex'));
      return { diffID, isChanged };
    },
  };
}

const zeros = new Uint8Array(1 << 16);

function isLater({ mtime }: TarEntry, seconds: number): boolean {
  return mtime.seconds > seconds || (mtime.seconds === seconds && mtime.nanoseconds > 0);
}
