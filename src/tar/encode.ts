/**
 * Writes members in the POSIX ustar format, with an extended header in front only where ustar cannot say
 * it: the same entry always gives the same bytes, and plain entries cost one block.
 */
import { assert } from '../core/assert.ts';
import { StrataError } from '../core/errors.ts';
import type { TarEntry, TarEntryType } from './entry.ts';
import { blockSize, checksumOf, fields, paddingAfter, typeflagAt } from './header.ts';
import { octalLimit, writeOctal } from './numbers.ts';
import { encodePaxRecords, encodePaxTime, type PaxRecord, xattrPrefix } from './pax.ts';

const typeflags: Record<TarEntryType, string> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  char: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

const idLimit = octalLimit(8);
const sizeLimit = octalLimit(12);

/** The two zero blocks that end an archive (POSIX pax, "ustar Interchange Format"). */
export const tarTrailer: Uint8Array = new Uint8Array(2 * blockSize);

/**
 * The header blocks of one member; its content and `paddingAfter(size)` zero bytes follow. Directories get
 * their trailing slash here.
 *
 * @throws StrataError `tar-cannot-store` for an attribute name with `=`, which no extended header can hold
 */
export function encodeHeader(entry: TarEntry): Uint8Array {
  checkEntry(entry);
  const name = entry.type === 'directory' ? `${entry.path}/` : entry.path;
  const place = isAscii(name) ? splitName(name) : undefined;
  const records = extendedRecords(entry, name, place !== undefined);
  const [prefix, base] = place ?? ['', name.slice(0, fields.name[1])];
  if (records.length === 0) return headerBlock(entry, typeflags[entry.type], prefix, base, entry.size);

  const payload = encodePaxRecords(records);
  const owner = { ...entry, mode: 0o644, uid: 0, gid: 0, link: '', devMajor: 0, devMinor: 0 };
  const paxName = `PaxHeaders/${lastName(name)}`.slice(0, fields.name[1]);
  return Buffer.concat([
    headerBlock(owner, 'x', '', paxName, payload.length),
    payload,
    Buffer.alloc(paddingAfter(payload.length)),
    headerBlock(entry, typeflags[entry.type], prefix, base, entry.size),
  ]);
}

function checkEntry(entry: TarEntry): void {
  const isFile = entry.type === 'file';
  assert(entry.path !== '' && !entry.path.includes('\0'), 'a member has a name');
  assert(!entry.link.includes('\0'), 'a link has a target');
  assert(Number.isSafeInteger(entry.size) && entry.size >= 0 && (isFile || entry.size === 0), 'size');
  assert(entry.mode >= 0 && entry.mode <= 0o7777, 'mode is permission bits');
  assert(entry.uid >= 0 && entry.gid >= 0, 'ids are not negative');
  assert(Math.max(entry.devMajor, entry.devMinor) <= idLimit, 'device numbers fit the header');
}

/** What ustar cannot say, in byte order of the keys. */
function extendedRecords(entry: TarEntry, name: string, isNamePlaced: boolean): PaxRecord[] {
  const { mtime } = entry;
  const records: PaxRecord[] = [];
  for (const { name, value } of entry.xattrs) {
    if (name === '' || name.includes('=')) {
      throw new StrataError(
        'tar-cannot-store',
        `"${entry.path}" has the extended attribute "${name}", which a tar archive cannot store`,
        { hint: 'remove the attribute with `setfattr -x`' },
      );
    }
    records.push([xattrPrefix + name, Buffer.from(value).toString('latin1')]);
  }
  if (entry.gid > idLimit) records.push(['gid', String(entry.gid)]);
  if (!isAscii(entry.link) || entry.link.length > fields.link[1]) records.push(['linkpath', entry.link]);
  if (mtime.nanoseconds !== 0 || mtime.seconds < 0 || mtime.seconds > sizeLimit) {
    records.push(['mtime', encodePaxTime(mtime)]);
  }
  if (!isNamePlaced) records.push(['path', name]);
  if (entry.size > sizeLimit) records.push(['size', String(entry.size)]);
  if (entry.uid > idLimit) records.push(['uid', String(entry.uid)]);
  return records.sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Cuts a name at a slash so that both parts fit ustar's fields; undefined when no slash will do. */
function splitName(name: string): [prefix: string, base: string] | undefined {
  const [, nameLength] = fields.name;
  if (name.length <= nameLength) return ['', name];
  // The earliest cut that leaves a base that fits; a slash at the very end would leave it empty.
  const slash = name.indexOf('/', name.length - nameLength - 1);
  if (slash <= 0 || slash > fields.prefix[1] || slash === name.length - 1) return undefined;
  return [name.slice(0, slash), name.slice(slash + 1)];
}

function headerBlock(entry: TarEntry, typeflag: string, prefix: string, name: string, size: number): Buffer {
  const block = Buffer.alloc(blockSize);
  const text = (field: keyof typeof fields, value: string) => {
    if (value !== '') block.write(value, fields[field][0], fields[field][1], 'latin1');
  };
  // A number too large for its field stands in the extended header; the field then says 0.
  const number = (field: keyof typeof fields, value: number) => {
    const [start, length] = fields[field];
    const limit = length === 8 ? idLimit : sizeLimit;
    writeOctal(block, start, length, value >= 0 && value <= limit ? value : 0);
  };
  text('name', name);
  number('mode', entry.mode);
  number('uid', entry.uid);
  number('gid', entry.gid);
  number('size', size);
  number('mtime', entry.mtime.seconds);
  block.write(typeflag, typeflagAt, 1, 'latin1');
  text('link', entry.link);
  text('magic', 'ustar\x0000');
  number('devMajor', entry.devMajor);
  number('devMinor', entry.devMinor);
  text('prefix', prefix);
  // By tradition six digits, a NUL and a blank.
  writeOctal(block, fields.checksum[0], 7, checksumOf(block));
  block[fields.checksum[0] + 7] = 0x20;
  return block;
}

/** ASCII only: old readers take this name for a file's. */
function lastName(name: string): string {
  const base = name.replace(/\/+$/, '').split('/').at(-1) ?? '';
  return base.replace(/[^\x20-\x7e]/g, '_');
}

function isAscii(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the whole ASCII range is meant
  return /^[\x01-\x7f]*$/.test(text);
}
