import { createHash } from 'node:crypto';
import { digestFromHex } from '../core/digest.ts';
import { IntegrityError } from '../core/errors.ts';
import type { BlobInfo } from './blob-store.ts';

/**
 * Passes bytes through and holds them against what they should be. Too many bytes fail at once, everything
 * else at the end; the last chunk is passed on only when all of them are right, so that no receiver ever
 * has the whole of something wrong. The source must not write over chunks it gave.
 * @throws IntegrityError `size-mismatch`, `digest-mismatch`
 */
export async function* verifiedStream(
  source: AsyncIterable<Uint8Array>,
  want: BlobInfo,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash('sha256');
  let size = 0;
  let held: Uint8Array | undefined;
  for await (const chunk of source) {
    if (chunk.length === 0) continue;
    size += chunk.length;
    if (size > want.size) throw sizeMismatch(want, `more than ${want.size}`);
    hash.update(chunk);
    if (held !== undefined) yield held;
    held = chunk;
  }
  checkBlob(want, { digest: digestFromHex(hash.digest('hex')), size });
  if (held !== undefined) yield held;
}

/**
 * Compares what bytes are with what they should be.
 * @throws IntegrityError `size-mismatch`, `digest-mismatch`
 */
export function checkBlob(want: Partial<BlobInfo>, got: BlobInfo): void {
  if (want.size !== undefined && want.size !== got.size) throw sizeMismatch(want, String(got.size));
  if (want.digest !== undefined && want.digest !== got.digest) {
    throw new IntegrityError(
      'digest-mismatch',
      `the bytes are not what their name says: want ${want.digest}, got ${got.digest}`,
    );
  }
}

function sizeMismatch(want: Partial<BlobInfo>, got: string): IntegrityError {
  const name = want.digest ?? 'the blob';
  return new IntegrityError('size-mismatch', `${name} should have ${want.size} bytes and has ${got}`);
}
