import { createHash } from 'node:crypto';
import { type DiffID, digestFromHex } from '../../core/digest.ts';
import { IntegrityError } from '../../core/errors.ts';
import { createTarParser } from '../../tar/parser.ts';
import { inflateLayer } from '../inflate/inflate.ts';
import { layerUnpacker } from './layer-unpacker.ts';

/** Decompresses, unpacks and verifies on the calling thread; see `applyLayer`. Says how long the tar is. */
export async function unpackLayer(
  blob: AsyncIterable<Uint8Array>,
  upper: string,
  diffID: DiffID,
): Promise<number> {
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
  return bytes;
}
