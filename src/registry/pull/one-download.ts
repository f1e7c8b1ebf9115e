import type { BlobInfo, BlobStore } from '../../content/blob-store.ts';

/** Brings a blob by `download`, unless the store has it or gets it from a download that is under way. */
export type DownloadOnce = (blob: BlobInfo, blobs: BlobStore, download: () => Promise<void>) => Promise<void>;

/** Lets this process download a blob once at a time. Whoever waits for a download that fails tries for itself. */
export function oneDownload(): DownloadOnce {
  const downloads = new Map<string, Promise<void>>();
  return async (blob, blobs, download) => {
    const key = blobs.path(blob.digest);
    for (let other = downloads.get(key); other !== undefined; other = downloads.get(key)) {
      await other.catch(() => undefined);
    }
    if (blobs.holds(blob)) return;
    const own = download();
    downloads.set(key, own);
    try {
      await own;
    } finally {
      downloads.delete(key);
    }
  };
}
