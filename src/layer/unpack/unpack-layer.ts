import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { type DiffID, digestFromHex } from '../../core/digest.ts';
import { createTarParser } from '../../tar/parser.ts';
import { assertDiffID } from '../diff-id.ts';
import { layerUnpacker } from './layer-unpacker.ts';

/** A small layer is unpacked on the main thread, which at the same time starts what the first step waits for. */
const turnMs = 1;
/** The headers of 64 members, which take about as long as a turn. */
const pieceBytes = 1 << 15;

/** Unpacks and verifies the tar of a layer on the calling thread; see `applyLayer`. */
export async function unpackLayer(
  tar: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  upper: string,
  diffID: DiffID,
  places?: string,
): Promise<void> {
  const hash = createHash('sha256');
  const unpacker = layerUnpacker(upper, places);
  const parser = createTarParser(unpacker);
  let since = performance.now();
  try {
    for await (const chunk of tar) {
      hash.update(chunk);
      for (let at = 0; at < chunk.length; at += pieceBytes) {
        parser.push(chunk.subarray(at, at + pieceBytes));
        if (performance.now() - since < turnMs) continue;
        await turn();
        since = performance.now();
      }
    }
    parser.end();
    unpacker.finish();
  } finally {
    unpacker.close();
  }
  assertDiffID(digestFromHex(hash.digest('hex')), diffID);
}
