import { createHash } from 'node:crypto';
import { type DiffID, digestFromHex } from '../core/digest.ts';
import { IntegrityError } from '../core/errors.ts';
import { layerCompression } from '../oci/media-type.ts';
import { createTarParser } from '../tar/parser.ts';
import { inflateLayer } from './inflate/inflate.ts';
import { layerUnpacker } from './upper/unpack.ts';

/**
 * Unpacks a layer into an empty directory in overlay's form: whiteouts as devices 0:0, opaque directories
 * by their attribute; owners, modes, times and attributes as the layer says. Only when the promise is
 * fulfilled are the files what `diffID` names.
 *
 * @throws IntegrityError `diff-id-mismatch`, `layer-bad-path`, `layer-bad-compression`, `cannot-write-file`,
 *   those of a damaged archive (`tar-…`), and what reading the blob throws
 * @throws HostError `disk-full`, `cannot-write-file`, `zstd-missing`
 */
export async function applyLayer(
  blob: AsyncIterable<Uint8Array>,
  mediaType: string,
  upper: string,
  diffID: DiffID,
): Promise<{ readonly bytes: number }> {
  layerCompression(mediaType);
  const hash = createHash('sha256');
  const unpacker = layerUnpacker(upper);
  const parser = createTarParser(unpacker);
  let bytes = 0;
  try {
    for await (const chunk of inflateLayer(blob)) {
      hash.update(chunk);
      bytes += chunk.length;
      parser.push(chunk);
    }
    parser.end();
    unpacker.finish();
  } finally {
    unpacker.close();
  }
  const got = digestFromHex<DiffID>(hash.digest('hex'));
  if (got !== diffID) {
    throw new IntegrityError('diff-id-mismatch', `a layer unpacks to ${got}, its image says ${diffID}`, {
      hint: 'the image is broken: its layers and its config do not belong together',
    });
  }
  return { bytes };
}
