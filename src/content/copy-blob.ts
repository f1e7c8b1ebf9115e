import type { BlobInfo, BlobReader, BlobStore } from './blob-store.ts';

/** Copies a blob, unless it is there; verified while it is read and again while it is written. */
export async function copyBlob(blob: BlobInfo, from: Pick<BlobReader, 'open'>, to: BlobStore): Promise<void> {
  if (to.size(blob.digest) === blob.size) return;
  const writer = await to.create();
  try {
    for await (const chunk of from.open(blob)) await writer.write(chunk);
    await writer.commit({ digest: blob.digest, size: blob.size });
  } finally {
    await writer.abort();
  }
}
