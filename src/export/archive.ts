import { pipeline } from 'node:stream/promises';
import { type Pack, pack as tarPack } from 'tar-stream';
import type { BlobInfo, BlobStore } from '../content/blob-store.ts';

/** A file of an archive, or a directory. */
export type ArchiveMember =
  | { readonly kind: 'directory'; readonly name: string }
  | { readonly kind: 'bytes'; readonly name: string; readonly bytes: Uint8Array }
  | { readonly kind: 'blob'; readonly name: string; readonly blob: BlobInfo };

/** Dates and owners say nothing in an image archive, so that the same image is always the same bytes. */
const fixed = { mtime: new Date(0), uid: 0, gid: 0, uname: '', gname: '' } as const;

/** An archive as a stream of chunks; blobs are verified while they pass. */
export async function* packArchive(
  members: readonly ArchiveMember[],
  blobs: BlobStore,
): AsyncGenerator<Uint8Array> {
  const pack = tarPack();
  const feeding = feed(pack, members, blobs).catch((error: Error) => {
    pack.destroy(error);
  });
  try {
    yield* pack as AsyncIterable<Uint8Array>;
  } finally {
    pack.destroy();
    await feeding;
  }
}

async function feed(pack: Pack, members: readonly ArchiveMember[], blobs: BlobStore): Promise<void> {
  for (const member of members) {
    if (member.kind === 'directory') {
      pack.entry({ ...fixed, name: member.name, type: 'directory', mode: 0o755 });
    } else if (member.kind === 'bytes') {
      pack.entry({ ...fixed, name: member.name, mode: 0o644 }, Buffer.from(member.bytes));
    } else {
      const entry = pack.entry({ ...fixed, name: member.name, mode: 0o644, size: member.blob.size });
      // A stream of its own kind, which Node's pipeline takes and its types do not know.
      await pipeline(blobs.open(member.blob), entry as unknown as NodeJS.WritableStream);
    }
  }
  pack.finalize();
}
