import type { BlobInfo, BlobStore } from '../../content/blob-store.ts';
import { checkBlob } from '../../content/verified-stream.ts';
import type { BlobDigest } from '../../core/digest.ts';
import { digestBytes } from '../../core/digest-bytes.ts';
import { IntegrityError } from '../../core/errors.ts';

/** The documents of one image in memory: manifests and configs of a registry are kilobytes, and looked at once. */
export function openDocumentStore(): BlobStore {
  const blobs = new Map<BlobDigest, Uint8Array>();
  const get = ({ digest }: BlobInfo): Uint8Array => {
    const bytes = blobs.get(digest);
    if (bytes === undefined) throw new IntegrityError('blob-missing', `${digest} was not fetched`);
    return bytes;
  };
  const put = async (bytes: Uint8Array, want: Partial<BlobInfo> = {}): Promise<BlobInfo> => {
    const digest = digestBytes(bytes);
    const info = { digest, size: bytes.length };
    checkBlob(want, info);
    blobs.set(digest, bytes);
    return info;
  };
  return {
    has: (digest) => blobs.has(digest),
    size: (digest) => blobs.get(digest)?.length,
    holds: ({ digest, size }) => blobs.get(digest)?.length === size,
    path: (digest) => digest,
    async *open(info) {
      yield get(info);
    },
    read: async (info) => get(info),
    async create() {
      const chunks: Uint8Array[] = [];
      return {
        get size() {
          return chunks.reduce((sum, chunk) => sum + chunk.length, 0);
        },
        async write(chunk) {
          chunks.push(Uint8Array.from(chunk));
        },
        commit: (want) => put(Buffer.concat(chunks), want),
        async abort() {},
      };
    },
    put: (bytes) => put(bytes),
    async remove(digest) {
      blobs.delete(digest);
    },
    list: () => [...blobs].map(([digest, bytes]) => ({ digest, size: bytes.length })),
  };
}
