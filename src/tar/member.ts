import type { Xattr } from '../core/file-tree.ts';
import type { TarEntry, TarEntryType } from './entry.ts';
import { badHeader } from './errors.ts';
import type { RawHeader } from './header.ts';
import { decodePaxNumber, decodePaxTime, type PaxRecord, xattrPrefix } from './pax.ts';

/** What stands in front of a member and corrects its header. */
export interface Extensions {
  /** In order; the last of a key counts. */
  readonly records: readonly PaxRecord[];
  /** From global headers: for every member that follows them. */
  readonly globals: ReadonlyMap<string, string>;
  /** From GNU's members of type `L` and `K`. */
  readonly longName: string | undefined;
  readonly longLink: string | undefined;
}

const types: Readonly<Record<string, TarEntryType>> = {
  '\0': 'file',
  '0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
  '7': 'file',
  S: 'file',
};

/**
 * The member as header and extensions together describe it. Its size counts the bytes stored behind the
 * header: only files have any, whatever other headers claim.
 * @throws IntegrityError `tar-bad-header`, `tar-bad-pax`
 */
export function describeMember(header: RawHeader, extensions: Extensions): TarEntry {
  const type = types[header.typeflag];
  if (type === undefined) {
    throw badHeader(`a member has the type ${JSON.stringify(header.typeflag)}, which is not known`);
  }
  const records = effectiveRecords(extensions);
  const number = (key: string, otherwise: number) => {
    const text = records.get(key);
    return text === undefined ? otherwise : decodePaxNumber(text, key);
  };
  const name = records.get('path') ?? extensions.longName ?? header.name;
  const link = records.get('linkpath') ?? extensions.longLink ?? header.link;
  const mtime = records.get('mtime');
  const isDevice = type === 'char' || type === 'block';
  // v7 has no type for directories: a slash at the end of the name makes one.
  const isDirectory = type === 'directory' || (header.typeflag === '\0' && name.endsWith('/'));
  return {
    path: memberPath(name),
    type: isDirectory ? 'directory' : type,
    mode: header.mode,
    uid: number('uid', header.uid),
    gid: number('gid', header.gid),
    size: type === 'file' && !isDirectory ? number('size', header.size) : 0,
    mtime: mtime === undefined ? { seconds: header.mtimeSeconds, nanoseconds: 0 } : decodePaxTime(mtime),
    link: type === 'symlink' || type === 'hardlink' ? linkTarget(link) : '',
    devMajor: isDevice ? header.devMajor : 0,
    devMinor: isDevice ? header.devMinor : 0,
    xattrs: xattrsOf(records),
  };
}

/** Without the slashes at its end; a member must have a name that a file can have. */
export function memberPath(name: string): string {
  if (name === '') throw badHeader('a member has no name');
  if (name.includes('\0')) throw badHeader('the name of a member has a NUL');
  return name.replace(/(?<=[^/])\/+$/, '');
}

function linkTarget(link: string): string {
  if (link === '' || link.includes('\0')) throw badHeader('a link has no target, or one with a NUL');
  return link;
}

/** An empty value takes back what a global header or the member's own says; attributes may be empty. */
function effectiveRecords({ globals, records }: Extensions): ReadonlyMap<string, string> {
  const out = new Map(globals);
  for (const [key, value] of records) {
    if (value === '' && !key.startsWith(xattrPrefix)) out.delete(key);
    else out.set(key, value);
  }
  return out;
}

function xattrsOf(records: ReadonlyMap<string, string>): Xattr[] {
  const out: Xattr[] = [];
  for (const [key, value] of records) {
    if (!key.startsWith(xattrPrefix)) continue;
    out.push({ name: key.slice(xattrPrefix.length), value: new Uint8Array(Buffer.from(value, 'latin1')) });
  }
  return out.sort((a, b) => (a.name < b.name ? -1 : 1));
}
