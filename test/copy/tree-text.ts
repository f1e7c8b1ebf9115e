/** The little language of fixtures/copy (see examples.txt there): trees of files as lines of text. */
import {
  chmodSync,
  chownSync,
  closeSync,
  linkSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type BytePath, joinBytePath } from '../../src/core/byte-path.ts';
import type { FileTree } from '../../src/core/file-tree.ts';
import { openContent } from '../../src/layer/content-reader.ts';
import type { LayerEntry } from '../../src/layer/layer-entry.ts';

const line =
  /^(?<path>\S+) (?:== (?<same>\S+)|(?<mode>[0-7]+) (?<uid>\d+):(?<gid>\d+) (?:(?<dir>\/)|=(?<text>.*)|-> (?<target>\S+)))$/;

/** Makes the tree below an existing directory. */
export function makeTree(directory: string, lines: readonly string[]): void {
  for (const text of lines) {
    const found = line.exec(text)?.groups;
    if (found === undefined) throw new Error(`not a line of a tree: ${text}`);
    const path = join(directory, found.path ?? '');
    if (found.same !== undefined) {
      linkSync(join(directory, found.same), path);
      continue;
    }
    if (found.target !== undefined) {
      symlinkSync(found.target, path);
      continue;
    }
    if (found.dir !== undefined) mkdirSync(path);
    else writeFileSync(path, found.text ?? '');
    chownSync(path, Number(found.uid), Number(found.gid));
    chmodSync(path, Number.parseInt(found.mode ?? '', 8));
  }
}

/** A function that makes trees, each in a directory of its own below `scratch`, and says where. */
export function treesBelow(scratch: string): (lines?: readonly string[]) => string {
  let count = 0;
  return (lines = []) => {
    const path = join(scratch, String(count++));
    mkdirSync(path);
    makeTree(path, lines);
    return path;
  };
}

export type TreeLines = Map<BytePath, string>;

/** The lines of a tree, by path. */
export function linesOfTree(tree: FileTree): TreeLines {
  const lines: TreeLines = new Map();
  const firstName = new Map<string, BytePath>();
  const walk = (directory: BytePath): void => {
    for (const name of tree.list(directory)) {
      const path = joinBytePath(directory, name);
      const stat = tree.lstat(path);
      if (stat === undefined) throw new Error(`${path} is listed and not there`);
      const first = stat.linkCount > 1 && stat.type === 'file' ? firstName.get(stat.inode) : undefined;
      firstName.set(stat.inode, first ?? path);
      const what =
        stat.type === 'directory'
          ? '/'
          : stat.type === 'symlink'
            ? `-> ${tree.readlink(path)}`
            : `=${read(tree.open(path))}`;
      lines.set(path, first === undefined ? `${meta(stat)} ${what}` : `== ${first}`);
      if (stat.type === 'directory') walk(path);
    }
  };
  walk('');
  return lines;
}

/**
 * Applies a change set as a layer is applied, and checks what holds of every change set on the way: clean
 * paths, no path twice, parents first, link targets before their links.
 */
export function applyEntries(below: TreeLines, entries: Iterable<LayerEntry>): TreeLines {
  const lines: TreeLines = new Map(below);
  const written = new Set<BytePath>();
  for (const entry of entries) {
    const { path } = entry;
    if (path === '' || path.split('/').some((part) => part === '' || part === '.' || part === '..')) {
      throw new Error(`not a clean path: ${path}`);
    }
    if (written.has(path)) throw new Error(`${path} twice`);
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    if (parent !== '' && !written.has(parent)) throw new Error(`${path} before its directory`);
    if (entry.type !== 'directory' || !(lines.get(path) ?? '/').endsWith(' /')) {
      for (const other of [...lines.keys()]) if (other.startsWith(`${path}/`)) lines.delete(other);
    }
    // Other names of a file that is replaced keep what it was.
    const otherName = [...lines].find(([, text]) => text === `== ${path}`)?.[0];
    if (otherName !== undefined) lines.set(otherName, lines.get(path) ?? '');
    if (entry.type === 'delete') {
      lines.delete(path);
      continue;
    }
    written.add(path);
    if (entry.type === 'hardlink') {
      if (!written.has(entry.link)) throw new Error(`${path} before ${entry.link}`);
      lines.set(path, `== ${entry.link}`);
      continue;
    }
    const what =
      entry.type === 'directory'
        ? '/'
        : entry.type === 'symlink'
          ? `-> ${entry.link}`
          : `=${contentOf(entry)}`;
    lines.set(path, `${meta(entry)} ${what}`);
  }
  return lines;
}

/** What is new, different or gone in `after`. */
export function difference(before: TreeLines, after: TreeLines): string[] {
  const changed = [...after].filter(([path, text]) => before.get(path) !== text);
  const gone = [...before.keys()].filter((path) => !after.has(path));
  return [
    ...changed.map(([path, text]) => `${path} ${text}`).sort(),
    ...gone.map((path) => `- ${path}`).sort(),
  ];
}

function contentOf(entry: Exclude<LayerEntry, { type: 'delete' }>): string {
  const bytes = Buffer.alloc(entry.size + 1);
  const reader = openContent(entry.content);
  let size = 0;
  for (let read = -1; read !== 0; size += read) read = reader.read(bytes, size, bytes.length - size);
  reader.close();
  return bytes.toString('utf8', 0, size);
}

function read(descriptor: number): string {
  try {
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

function meta(stat: { mode: number; uid: number; gid: number }): string {
  return `${stat.mode.toString(8)} ${stat.uid}:${stat.gid}`;
}
