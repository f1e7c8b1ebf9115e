import { availableParallelism } from 'node:os';
import type { DiffID } from '../core/digest.ts';
import { IntegrityError } from '../core/errors.ts';
import { Limiter } from '../core/limiter.ts';
import { layerCompression } from '../oci/media-type.ts';
import { inflateLayer } from './inflate/inflate.ts';
import { inflateSmall } from './inflate/inflate-small.ts';
import { unpackLayer } from './unpack/unpack-layer.ts';
import { unpackInThread } from './unpack/unpack-thread.ts';

/** Starting a thread takes longer than unpacking less than this. */
const smallBlobBytes = 1 << 21;

const limiter = new Limiter(availableParallelism());

/**
 * Unpacks a layer into an empty directory in overlay's form: whiteouts as devices 0:0, opaque directories
 * by their attribute; owners, modes, times and attributes as the layer says. Only when the promise is
 * fulfilled are the files what `diffID` names. Large layers are unpacked in threads, as many at once as
 * there are cores.
 *
 * @param places as `ActiveSnapshot.places`
 * @throws IntegrityError `diff-id-mismatch`, `layer-bad-path`, `layer-bad-compression`, `cannot-write-file`,
 *   those of a damaged archive (`tar-…`), `unknown-layer-type`, and what reading the blob throws
 * @throws HostError `disk-full`, `cannot-write-file`, `zstd-missing`
 */
export function applyLayer(
  blob: AsyncIterable<Uint8Array>,
  mediaType: string,
  upper: string,
  diffID: DiffID,
  places?: string,
): Promise<void> {
  return limiter.run(async () => {
    layerCompression(mediaType);
    const source = blob[Symbol.asyncIterator]();
    try {
      const { head, isAll } = await readHead(source);
      const chunks = follow(head, source);
      const tar = () => inflateSmall(Buffer.concat(head)) ?? inflateLayer(chunks);
      if (isAll) await unpackLayer(tar(), upper, diffID);
      else await unpackInThread(chunks, { upper, diffID, places });
    } catch (error) {
      // A damaged blob shows as anything. Its own check comes at its end, says it best, and removes it.
      if (error instanceof IntegrityError) while (!(await source.next()).done);
      throw error;
    } finally {
      await source.return?.();
    }
  });
}

async function readHead(
  source: AsyncIterator<Uint8Array>,
): Promise<{ readonly head: readonly Uint8Array[]; readonly isAll: boolean }> {
  const head: Uint8Array[] = [];
  for (let size = 0; size < smallBlobBytes; ) {
    const { done, value } = await source.next();
    if (done) return { head, isAll: true };
    head.push(value);
    size += value.length;
  }
  return { head, isAll: false };
}

/** All chunks. Leaving off early does not close the source. */
async function* follow(
  head: readonly Uint8Array[],
  source: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* head;
  for (let next = await source.next(); !next.done; next = await source.next()) yield next.value;
}
