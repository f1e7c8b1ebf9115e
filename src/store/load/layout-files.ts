import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { BlobInfo, BlobStore } from '../../content/blob-store.ts';
import { type BlobDigest, digestFromHex } from '../../core/digest.ts';
import type { ImageFiles } from './image-files.ts';

const readBytes = 1 << 20;

/** An OCI image layout in a directory: blobs are copied into the store as they are asked for. */
export function openImageLayout(directory: string, blobs: BlobStore): ImageFiles {
  return {
    document(name) {
      // A directory has no list for Docker's engine.
      const path = join(directory, name);
      return name === 'index.json' && existsSync(path) ? readFileSync(path) : undefined;
    },
    async blob(name): Promise<BlobInfo | undefined> {
      const hex = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(name)?.[1];
      if (hex === undefined) return undefined;
      const digest = digestFromHex<BlobDigest>(hex);
      const known = blobs.size(digest);
      if (known !== undefined) return { digest, size: known };
      const path = join(directory, name);
      if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return undefined;
      const writer = await blobs.create();
      try {
        for await (const chunk of createReadStream(path, { highWaterMark: readBytes }))
          await writer.write(chunk);
        return await writer.commit({ digest });
      } finally {
        await writer.abort();
      }
    },
  };
}
