import { createHash } from 'node:crypto';
import type { BlobInfo } from '../../content/blob-store.ts';
import { digestFromHex } from '../../core/digest.ts';
import { IntegrityError } from '../../core/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { findLayerCompression } from '../../oci/media-type.ts';
import { compressionOf } from '../inflate/inflate.ts';

/** Where an image's bytes come from: a blob store, an archive. They may be wrong. */
export interface BlobSource {
  open(info: BlobInfo): AsyncIterable<Uint8Array>;
}

/** Takes down a claim that does not hold. */
export type Report = (code: string, message: string) => void;

/** Passes a blob through and, at its end, reports what of its descriptor does not hold. */
export async function* measured(
  source: BlobSource,
  target: Descriptor,
  report: Report,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash('sha256');
  let size = 0;
  let head = '';
  for await (const chunk of source.open({ digest: target.digest, size: target.size })) {
    if (head.length < 8) head = (head + Buffer.from(chunk.subarray(0, 4)).toString('hex')).slice(0, 8);
    hash.update(chunk);
    size += chunk.length;
    if (size > target.size) break;
    yield chunk;
  }
  if (size > target.size) {
    report('size-mismatch', `want ${target.size} bytes, got more`);
    return;
  }
  if (size < target.size) report('size-mismatch', `want ${target.size} bytes, got ${size}`);
  const digest = digestFromHex(hash.digest('hex'));
  if (digest !== target.digest) report('digest-mismatch', `want ${target.digest}, got ${digest}`);
  const said = findLayerCompression(target.mediaType);
  const found = compressionOf(head);
  if (said !== undefined && said !== found) {
    report('media-type', `"${target.mediaType}" says ${said}, the bytes are ${found}`);
  }
}

/** Reports an IntegrityError as a finding; undefined says that it happened. */
export async function reportingIntegrity<T>(report: Report, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof IntegrityError)) throw error;
    report(error.code, error.message);
    return undefined;
  }
}
