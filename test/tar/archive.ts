/** Whole archives in memory, for tests. */
import type { Timestamp, Xattr } from '../../src/core/file-tree.ts';
import { encodeHeader, tarTrailer } from '../../src/tar/encode.ts';
import type { TarEntry } from '../../src/tar/entry.ts';
import { paddingAfter } from '../../src/tar/header.ts';
import { createTarParser } from '../../src/tar/parser.ts';

export interface Member {
  readonly entry: TarEntry;
  readonly content: Buffer;
}

/** A plain entry with some fields of its own. */
export function entryOf(fields: Partial<TarEntry> & { readonly path: string }): TarEntry {
  const mtime: Timestamp = { seconds: 1_600_000_000, nanoseconds: 0 };
  const xattrs: Xattr[] = [];
  return {
    type: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: 0,
    mtime,
    link: '',
    devMajor: 0,
    devMinor: 0,
    xattrs,
    ...fields,
  };
}

/** A file with content. */
export function fileOf(path: string, text: string, fields: Partial<TarEntry> = {}): Member {
  const content = Buffer.from(text, 'latin1');
  return { entry: entryOf({ path, size: content.length, ...fields }), content };
}

export function memberOf(fields: Partial<TarEntry> & { readonly path: string }): Member {
  return { entry: entryOf(fields), content: Buffer.alloc(0) };
}

export function writeArchive(members: readonly Member[]): Buffer {
  const parts = members.flatMap(({ entry, content }) => [
    encodeHeader(entry),
    content,
    Buffer.alloc(paddingAfter(content.length)),
  ]);
  return Buffer.concat([...parts, tarTrailer]);
}

/** Reads an archive pushed in pieces of `chunkSize`; holes of sparse files are filled in. */
export function readArchive(bytes: Uint8Array, chunkSize = bytes.length || 1): Member[] {
  const members: Member[] = [];
  const openMember = () => {
    const last = members.at(-1);
    if (last === undefined) throw new Error('data before the first entry');
    return last;
  };
  let ended = 0;
  const parser = createTarParser({
    entry: (entry) => members.push({ entry, content: Buffer.alloc(entry.size) }),
    data: (piece, offset) => openMember().content.set(piece, offset),
    entryEnd: () => ended++,
  });
  for (let at = 0; at < bytes.length; at += chunkSize) {
    // A chunk is valid during the call only: what the parser keeps must be its own copy.
    const chunk = Buffer.from(bytes.subarray(at, at + chunkSize));
    parser.push(chunk);
    chunk.fill(0xaa);
  }
  parser.end();
  if (ended !== members.length) throw new Error(`${members.length} entries began, ${ended} ended`);
  return members;
}
