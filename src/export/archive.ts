import type { BlobInfo, BlobStore } from '../content/blob-store.ts';
import { encodeHeader, tarTrailer } from '../tar/encode.ts';
import { plainFields, type TarEntry } from '../tar/entry.ts';
import { paddingAfter } from '../tar/header.ts';
import { type Piece, piecesOfBlob } from './pieces.ts';

/** A file of an archive, or a directory; names are ASCII. */
export type ArchiveMember =
  | { readonly kind: 'directory'; readonly name: string }
  | { readonly kind: 'bytes'; readonly name: string; readonly bytes: Uint8Array }
  | { readonly kind: 'blob'; readonly name: string; readonly blob: BlobInfo };

/** Pieces below this are gathered: an image of small layers is written by a call or two. */
const gatherBytes = 1 << 18;

/**
 * An archive, piece after piece; blobs are verified while they pass. The pieces are the receiver's.
 * @throws IntegrityError when a blob is missing or damaged
 */
export async function* packArchive(
  members: readonly ArchiveMember[],
  blobs: BlobStore,
): AsyncGenerator<Piece> {
  let gathered: Uint8Array[] = [];
  let size = 0;
  for await (const piece of piecesOf(members, blobs)) {
    // A large piece passes as it is.
    const isSmall = piece instanceof Uint8Array && piece.length < gatherBytes;
    if (isSmall) {
      gathered.push(piece);
      size += piece.length;
      if (size < gatherBytes) continue;
    }
    if (gathered.length > 0) yield Buffer.concat(gathered);
    if (!isSmall) yield piece;
    gathered = [];
    size = 0;
  }
  yield Buffer.concat(gathered);
}

async function* piecesOf(members: readonly ArchiveMember[], blobs: BlobStore): AsyncGenerator<Piece> {
  for (const member of members) {
    const entry = entryOf(member);
    yield encodeHeader(entry);
    if (member.kind === 'bytes') yield member.bytes;
    if (member.kind === 'blob') yield* piecesOfBlob(member.blob, blobs);
    yield new Uint8Array(paddingAfter(entry.size));
  }
  yield tarTrailer;
}

/** Dates and owners say nothing in an image archive, so that the same image is always the same bytes. */
function entryOf(member: ArchiveMember): TarEntry {
  switch (member.kind) {
    case 'directory':
      return { ...plainFields, path: member.name.replace(/\/$/, ''), type: 'directory', mode: 0o755 };
    case 'bytes':
      return { ...plainFields, path: member.name, type: 'file', mode: 0o644, size: member.bytes.length };
    case 'blob':
      return { ...plainFields, path: member.name, type: 'file', mode: 0o644, size: member.blob.size };
  }
}
