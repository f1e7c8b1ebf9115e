import type { BlobInfo } from '../../content/blob-store.ts';

/** The files of an image archive or layout directory by their names in it; blobs end in the blob store. */
export interface ImageFiles {
  /** A small file; undefined when there is none of that name. */
  document(name: 'index.json' | 'manifest.json'): Uint8Array | undefined;
  /** A file whose bytes are in the blob store now; undefined when there is none of that name. */
  blob(name: string): Promise<BlobInfo | undefined>;
}
