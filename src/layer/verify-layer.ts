import { createHash } from 'node:crypto';
import { type DiffID, digestFromHex } from '../core/digest.ts';
import { IntegrityError } from '../core/errors.ts';
import { layerCompression } from '../oci/media-type.ts';
import { inflateLayer } from './inflate/inflate.ts';

/**
 * Reads a layer blob and holds it against what is said of it: how it is compressed, and its diffID.
 * @throws IntegrityError `layer-bad-compression`, `diff-id-mismatch`, and what reading it throws
 */
export async function verifyLayer(
  blob: AsyncIterable<Uint8Array>,
  mediaType: string,
  diffID: DiffID,
): Promise<void> {
  const hash = createHash('sha256');
  for await (const chunk of inflateLayer(blob, layerCompression(mediaType))) hash.update(chunk);
  const got = digestFromHex<DiffID>(hash.digest('hex'));
  if (got === diffID) return;
  throw new IntegrityError('diff-id-mismatch', `a layer unpacks to ${got}, and should to ${diffID}`);
}
