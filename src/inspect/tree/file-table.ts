import type { BytePath } from '../../core/byte-path.ts';
import type { Xattr } from '../../core/file-tree.ts';
import { type Column, column } from '../../core/tables/column.ts';
import { nameTable } from '../../core/tables/name-table.ts';
import { type PathId, type PathTable, pathTable } from '../../core/tables/path-table.ts';
import { impliedDirectory, type TarEntry, type TarEntryType } from '../../tar/entry.ts';
import { decodePaxRecords, encodePaxRecords, xattrPrefix } from '../../tar/pax.ts';

/** A member of a layer that is a file, a directory, a link … itself: its path is clean, '' is the root. */
export type LayerFile = TarEntry & {
  /** Of a regular file's content: 64 hex digits. Undefined for others, and for a file of holes too large to hash. */
  readonly content?: string;
};

/** A file of a {@link FileTable}. */
export type FileId = number;

/** Where a file is not. */
export const noFile: FileId = 0;

/**
 * The files of all layers of an image, or of two. An image may have a million of them: each is a row of numbers, some
 * eighty bytes with its name, and an object only while somebody looks at it.
 */
export interface FileTable {
  readonly paths: PathTable;
  /** The newest file: they are numbered from 1 on. */
  readonly count: FileId;
  /** @param content SHA-256 of its content, a character a byte; undefined for what was not hashed */
  add(path: PathId, entry: Omit<TarEntry, 'path'>, content: string | undefined): FileId;
  /** A directory that no layer has, made because something lies in it. */
  addImplied(path: PathId): FileId;
  read(file: FileId): LayerFile;
  pathOf(file: FileId): PathId;
  typeOf(file: FileId): TarEntryType;
  sizeOf(file: FileId): number;
  isImplied(file: FileId): boolean;
  /** Of a symlink or hard link, as the archive has it; else ''. */
  linkOf(file: FileId): BytePath;
  /** What files are compared by: equal numbers say the same. */
  readonly columns: FileColumns;
}

export interface FileColumns {
  readonly type: Column;
  readonly mode: Column;
  readonly uid: Column;
  readonly gid: Column;
  readonly size: Column;
  readonly seconds: Column;
  readonly nanoseconds: Column;
  /** 0 for what has no content or was not hashed. */
  readonly content: Column;
  /** 0 for what is no link. */
  readonly link: Column;
  /** 0 for what is no device, and for the device 0:0. */
  readonly device: Column;
  /** 0 for none. */
  readonly xattrs: Column;
}

const types: readonly TarEntryType[] = ['file', 'directory', 'symlink', 'hardlink', 'fifo', 'char', 'block'];
const typeNumbers = new Map(types.map((type, number) => [type, number]));

/** What the texts of a table are, each for itself in its name table. */
const kinds = { content: 1, link: 2, device: 3, xattrs: 4 } as const;

/** A table without files. @param paths takes up theirs */
export function fileTable(paths: PathTable = pathTable()): FileTable {
  const places = column(Uint32Array);
  const implied = column(Uint8Array);
  const columns: FileColumns = {
    type: column(Uint8Array),
    mode: column(Uint16Array),
    uid: column(Float64Array),
    gid: column(Float64Array),
    size: column(Float64Array),
    seconds: column(Float64Array),
    nanoseconds: column(Uint32Array),
    content: column(Uint32Array),
    link: column(Uint32Array),
    device: column(Uint32Array),
    xattrs: column(Uint32Array),
  };
  const texts = nameTable();
  let count: FileId = noFile;

  const typeOf = (file: FileId) => types[columns.type.get(file)] ?? 'file';
  const textIn = (at: Column, file: FileId) => {
    const text = at.get(file);
    return text === 0 ? '' : texts.textOf(text);
  };

  function add(path: PathId, entry: Omit<TarEntry, 'path'>, content: string | undefined): FileId {
    const file = ++count;
    const { type, mode, uid, gid, size, mtime, link, devMajor, devMinor, xattrs } = entry;
    places.set(file, path);
    columns.type.set(file, typeNumbers.get(type) ?? 0);
    columns.mode.set(file, mode);
    if (uid !== 0) columns.uid.set(file, uid);
    if (gid !== 0) columns.gid.set(file, gid);
    if (size !== 0) columns.size.set(file, size);
    columns.seconds.set(file, mtime.seconds);
    if (mtime.nanoseconds !== 0) columns.nanoseconds.set(file, mtime.nanoseconds);
    if (content !== undefined) columns.content.set(file, texts.add(kinds.content, content));
    if (link !== '') columns.link.set(file, texts.add(kinds.link, link));
    if (devMajor !== 0 || devMinor !== 0)
      columns.device.set(file, texts.add(kinds.device, `${devMajor}:${devMinor}`));
    if (xattrs.length > 0) columns.xattrs.set(file, texts.add(kinds.xattrs, encodeXattrs(xattrs)));
    return file;
  }

  function read(file: FileId): LayerFile {
    const [devMajor = 0, devMinor = 0] = textIn(columns.device, file).split(':').map(Number);
    const content = textIn(columns.content, file);
    return {
      path: paths.textOf(places.get(file)),
      type: typeOf(file),
      mode: columns.mode.get(file),
      uid: columns.uid.get(file),
      gid: columns.gid.get(file),
      size: columns.size.get(file),
      mtime: { seconds: columns.seconds.get(file), nanoseconds: columns.nanoseconds.get(file) },
      link: textIn(columns.link, file),
      devMajor,
      devMinor,
      xattrs: decodeXattrs(textIn(columns.xattrs, file)),
      ...(content === '' ? {} : { content: Buffer.from(content, 'latin1').toString('hex') }),
    };
  }

  return {
    paths,
    get count() {
      return count;
    },
    add,
    addImplied(path) {
      const file = add(path, impliedDirectory, undefined);
      implied.set(file, 1);
      return file;
    },
    read,
    pathOf: (file) => places.get(file),
    typeOf,
    sizeOf: (file) => columns.size.get(file),
    isImplied: (file) => implied.get(file) === 1,
    linkOf: (file) => textIn(columns.link, file),
    columns,
  };
}

function encodeXattrs(xattrs: readonly Xattr[]): string {
  const records = xattrs.map(
    ({ name, value }) => [xattrPrefix + name, Buffer.from(value).toString('latin1')] as const,
  );
  return encodePaxRecords(records).toString('latin1');
}

function decodeXattrs(text: string): Xattr[] {
  return decodePaxRecords(Buffer.from(text, 'latin1')).map(([key, value]) => ({
    name: key.slice(xattrPrefix.length),
    value: new Uint8Array(Buffer.from(value, 'latin1')),
  }));
}
