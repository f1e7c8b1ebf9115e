/**
 * Digest-addressed bytes (image-spec, image-layout.md). A blob is visible to nobody until it is complete:
 * writers write aside, hash while writing, flush, and rename. Existing bytes are a claim: `open` verifies
 * size and digest while they are read.
 */
import type { BlobDigest } from '../core/digest.ts';

/** A blob, by its name and how many bytes it has. */
export interface BlobInfo {
  readonly digest: BlobDigest;
  readonly size: number;
}

/** Takes the bytes of one new blob. */
export interface BlobWriter {
  /** Bytes hashed and written so far. */
  readonly size: number;
  /** Keeps the order of the calls. The chunk is the caller's again when the promise resolves. */
  write(chunk: Uint8Array): Promise<void>;
  /**
   * Publishes the blob.
   * @throws IntegrityError `digest-mismatch` or `size-mismatch` when `want` does not hold
   */
  commit(want?: Partial<BlobInfo>): Promise<BlobInfo>;
  /** Forgets what was written; harmless after commit. */
  abort(): Promise<void>;
}

/** A writer whose blob may be finished by somebody else. */
export interface PartialWriter extends BlobWriter {
  /** Leaves what was written to a later `resume`, of any process; harmless after commit. */
  suspend(): Promise<void>;
}

/** Blobs that can be read. */
export interface BlobReader {
  has(digest: BlobDigest): boolean;
  /** Size in bytes, or undefined when the blob is not there. */
  size(digest: BlobDigest): number | undefined;
  /** Path of the bytes, for copying them as a whole; unverified. */
  path(digest: BlobDigest): string;
  /**
   * Streams the bytes, verifying them on the way: when they are not what the name says, the last read fails
   * and the last chunk is never given.
   * @throws IntegrityError `blob-missing`, `blob-damaged`
   */
  open(info: BlobInfo): AsyncIterable<Uint8Array>;
  /**
   * Has the bytes read by `read`, from a descriptor, which says what they come to: for whoever can do that elsewhere.
   * What it did with them is worth nothing if this fails. Absent where blobs are no files.
   * @throws IntegrityError `blob-missing`, `blob-damaged`; what `read` throws
   */
  lend?(info: BlobInfo, read: (descriptor: number) => Promise<BlobDigest>): Promise<void>;
  /** Reads a small blob (manifest, config) whole, verified. @throws IntegrityError when damaged or over `limit` bytes */
  read(info: BlobInfo, limit?: number): Promise<Uint8Array>;
}

/** A blob that reading finds damaged is removed, so that it is pulled or made anew. */
export interface BlobStore extends BlobReader {
  /** Whether the blob is there with its size. One of another size was cut: it is removed. */
  holds(info: BlobInfo): boolean;
  create(): Promise<BlobWriter>;
  /**
   * Goes on with a blob where it was left, however that came about, or begins it; what there is of it has been
   * hashed again. One process at a time writes a blob: the others wait, and get undefined when it is there then.
   * Absent where nothing is kept.
   * @param onWait told before it waits
   * @throws CanceledError
   */
  readonly resume?: (
    info: BlobInfo,
    signal: AbortSignal,
    onWait?: () => void,
  ) => Promise<PartialWriter | undefined>;
  /**
   * The path at which the bytes of a blob arrive that `resume` writes, from the first one on, until the blob is there: for
   * whoever reads them before they are verified. Absent where `resume` is.
   */
  readonly arrivingAt?: (digest: BlobDigest) => string;
  /** Stores small bytes. */
  put(bytes: Uint8Array): Promise<BlobInfo>;
  remove(digest: BlobDigest): Promise<void>;
  list(): BlobInfo[];
}
