/** Trees and change sets as lines of text. */
import { closeSync, readFileSync } from 'node:fs';
import { type BytePath, joinBytePath } from '../../src/core/byte-path.ts';
import type { FileTree, Timestamp, Xattr } from '../../src/core/file-tree.ts';
import { openContent } from '../../src/layer/content-reader.ts';
import type { LayerEntry } from '../../src/layer/layer-entry.ts';

/** One change; times only before 2001-09-09, that is, where a test set them. */
export function printEntry(entry: LayerEntry): string {
  if (entry.type === 'delete') return `delete ${printable(entry.path)}`;
  const { type, mode, uid, gid, path, link, mtime, xattrs } = entry;
  const parts = [type, mode.toString(8), `${uid}:${gid}`, path === '' ? '.' : printable(path)];
  if (type === 'file') parts.push(JSON.stringify(contentOf(entry).toString('latin1')));
  if (link !== '') parts.push(`-> ${printable(link)}`);
  if (type === 'char' || type === 'block') parts.push(`${entry.devMajor}:${entry.devMinor}`);
  if (mtime.seconds < 1e9) parts.push(printTime(mtime));
  return [...parts, ...xattrs.map(printXattr)].join(' ');
}

/** Everything there is to know of a tree but its root, a line for each name. Sockets are left out. */
export function listTree(tree: FileTree): string[] {
  const firstNames = new Map<string, BytePath>();
  const linesOf = (directory: BytePath): string[] =>
    tree.list(directory).flatMap((name) => {
      const path = joinBytePath(directory, name);
      const stat = tree.lstat(path);
      if (stat === undefined || stat.type === 'socket') return [];
      const parts = [stat.type, stat.mode.toString(8), `${stat.uid}:${stat.gid}`, printable(path)];
      if (stat.type === 'symlink') parts.push(`-> ${printable(tree.readlink(path))}`);
      if (stat.type === 'file') parts.push(JSON.stringify(readFile(tree, path).toString('latin1')));
      if (stat.type === 'char' || stat.type === 'block') parts.push(`${stat.devMajor}:${stat.devMinor}`);
      if (stat.type !== 'directory' && stat.linkCount > 1) {
        const first = firstNames.get(stat.inode);
        if (first === undefined) firstNames.set(stat.inode, path);
        else parts.push(`= ${printable(first)}`);
      }
      parts.push(printTime(stat.mtime), ...tree.xattrs(path).map(printXattr));
      return [parts.join(' '), ...(stat.type === 'directory' ? linesOf(path) : [])];
    });
  return linesOf('');
}

/** Lines of a tree as it is once it was a layer, which has whole seconds. */
export function inWholeSeconds(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/(?<= @-?\d+)\.\d+/, ''));
}

function printTime({ seconds, nanoseconds }: Timestamp): string {
  const fraction = String(nanoseconds).padStart(9, '0').replace(/0+$/, '');
  return `@${seconds}${fraction === '' ? '' : `.${fraction}`}`;
}

function printXattr({ name, value }: Xattr): string {
  return `${name}=${Buffer.from(value).toString('hex')}`;
}

function printable(path: BytePath): string {
  return path.replace(/[^\x21-\x7e]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function contentOf(entry: Exclude<LayerEntry, { type: 'delete' }>): Buffer {
  const reader = openContent(entry.content);
  const bytes = Buffer.alloc(entry.size + 1);
  try {
    let size = 0;
    for (let got = -1; got !== 0; size += got) got = reader.read(bytes, size, bytes.length - size);
    return bytes.subarray(0, size);
  } finally {
    reader.close();
  }
}

function readFile(tree: FileTree, path: BytePath): Buffer {
  const fd = tree.open(path);
  try {
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}
