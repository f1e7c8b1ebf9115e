import { createHash } from 'node:crypto';
import { type DiffID, digestFromHex } from '../../core/digest.ts';
import { createTarParser } from '../../tar/parser.ts';
import { assertDiffID } from '../diff-id.ts';
import { inflateLayer } from '../inflate/inflate.ts';
import { layerUnpacker } from './layer-unpacker.ts';

/** Decompresses, unpacks and verifies on the calling thread; see `applyLayer`. */
export async function unpackLayer(
  blob: AsyncIterable<Uint8Array>,
  upper: string,
  diffID: DiffID,
): Promise<void> {
  const hash = createHash('sha256');
  const unpacker = layerUnpacker(upper);
  const parser = createTarParser(unpacker);
  try {
    for await (const chunk of inflateLayer(blob)) {
      hash.update(chunk);
      parser.push(chunk);
    }
    parser.end();
    unpacker.finish();
  } finally {
    unpacker.close();
  }
  assertDiffID(digestFromHex(hash.digest('hex')), diffID);
}
