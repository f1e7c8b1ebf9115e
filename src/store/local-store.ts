import type { BlobStore } from '../content/blob-store.ts';
import type { RefStore } from '../content/refs.ts';

/** The images of one root: their bytes and their names. */
export interface LocalStore {
  readonly blobs: BlobStore;
  readonly refs: RefStore;
}
