import { encodeHeader, tarTrailer } from '../tar/encode.ts';
import { paddingAfter } from '../tar/header.ts';
import { fileChanged, openContent } from './content-reader.ts';
import type { LayerEntry, LayerMember } from './layer-entry.ts';
import { layerTime } from './layer-time.ts';
import { refuseReservedName, whiteoutEntry } from './whiteout.ts';

const zeros = new Uint8Array(512);

/** The block being filled; whoever drives `tarBlocks` puts an empty one in its place when it is full. */
export interface BlockCursor {
  block: Uint8Array;
  used: number;
  /** By `performance.now()`: when to let others work. */
  pauseAt: number;
}

/**
 * Writes a layer's tar into blocks of memory, times as `layerTime` has them. It stops with `full` when the block is full, with `pause`
 * when time is up; the last block is filled when it returns. Files are read straight into the blocks.
 *
 * @throws StepError `file-changed`, `reserved-name`
 */
export function* tarBlocks(
  entries: Iterable<LayerEntry>,
  cursor: BlockCursor,
): Generator<'full' | 'pause', void, undefined> {
  for (const entry of entries) {
    if (entry.type === 'delete') {
      yield* putBytes(cursor, encodeHeader(whiteoutEntry(entry.path)));
    } else {
      refuseReservedName(entry.path);
      const header = headerOf(entry);
      if (!putAll(cursor, header)) yield* putBytes(cursor, header);
      if (entry.type === 'file' && entry.size > 0) yield* putFile(cursor, entry);
    }
    if (performance.now() >= cursor.pauseAt) yield 'pause';
  }
  yield* putBytes(cursor, tarTrailer);
}

function headerOf(member: LayerMember): Uint8Array {
  const { path, type, mode, uid, gid, size, mtime, link, devMajor, devMinor, xattrs } = member;
  return encodeHeader({
    path: path === '' ? '.' : path,
    type,
    mode,
    uid,
    gid,
    size,
    mtime: layerTime(mtime),
    link,
    devMajor,
    devMinor,
    xattrs,
  });
}

/** Whether there was room for all of it, as nearly always: twenty thousand headers are worth no generator each. */
function putAll(cursor: BlockCursor, bytes: Uint8Array): boolean {
  if (bytes.length > cursor.block.length - cursor.used) return false;
  cursor.block.set(bytes, cursor.used);
  cursor.used += bytes.length;
  return true;
}

function* putBytes(cursor: BlockCursor, bytes: Uint8Array): Generator<'full', void, undefined> {
  for (let at = 0; at < bytes.length; ) {
    if (cursor.used === cursor.block.length) yield 'full';
    const piece = bytes.subarray(at, at + cursor.block.length - cursor.used);
    cursor.block.set(piece, cursor.used);
    cursor.used += piece.length;
    at += piece.length;
  }
}

function* putFile(
  cursor: BlockCursor,
  { path, size, content }: LayerMember,
): Generator<'full', void, undefined> {
  const reader = openContent(content);
  try {
    for (let left = size, isAtEnd = false; !isAtEnd; ) {
      if (cursor.used === cursor.block.length) yield 'full';
      // One byte more than there should be: a file that is as long as it was gives less than asked for.
      const want = Math.min(cursor.block.length - cursor.used, left + 1);
      const got = reader.read(cursor.block, cursor.used, want);
      if (got > left) throw fileChanged(path, 'grew');
      if (got === 0 && left > 0) throw fileChanged(path, 'shrank');
      cursor.used += got;
      left -= got;
      isAtEnd = left === 0 && got < want;
    }
  } finally {
    reader.close();
  }
  const padding = zeros.subarray(0, paddingAfter(size));
  if (!putAll(cursor, padding)) yield* putBytes(cursor, padding);
}
