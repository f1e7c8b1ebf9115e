import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../../core/assert.ts';
import { type FileKind, fileKind, openDirectories } from './file-kinds.ts';
import type { Piece } from './piece.ts';
import { type Content, readContent } from './read-content.ts';
import { readNames } from './read-names.ts';
import { listDirectory, lookAt, type StoreFile } from './store-files.ts';

/** What was read of records at an earlier look; one that has not changed since is not read again. */
export type ReadMemory = Map<string, { readonly file: StoreFile; readonly content: Content }>;

interface FoundFile {
  readonly file: StoreFile;
  readonly fileKind: FileKind;
}

/**
 * What lies in the store at this moment, running builds aside.
 *
 * @param sizeOf bytes of a directory tree beneath the root, for those that are pieces
 * @throws IntegrityError `bad-index` when it cannot be known what is tagged
 */
export function readStore(
  root: string,
  sizeOf: (path: string) => number,
  memory: ReadMemory = new Map(),
): Piece[] {
  const groups = new Map<string, FoundFile[]>();
  for (const file of files(root, sizeOf)) {
    const found = { file, fileKind: fileKind(file.path) };
    const group = groups.get(found.fileKind.id);
    if (group === undefined) groups.set(found.fileKind.id, [found]);
    else group.push(found);
  }
  const pieces = [...groups.values()].map((group) => pieceOf(root, group, memory));
  return withBaseNames([...pieces, ...readNames(join(root, 'images'))]);
}

/** Every file and directory that is counted by itself. */
function* files(root: string, sizeOf: (path: string) => number, path = ''): Generator<StoreFile> {
  const own = lookAt(root, path);
  if (own === undefined) return;
  yield own;
  for (const entry of listDirectory(root, path)) {
    const child = path === '' ? entry.name : `${path}/${entry.name}`;
    if (openDirectories.has(child)) {
      yield* files(root, sizeOf, child);
      continue;
    }
    const file = lookAt(root, child);
    if (file !== undefined) yield entry.isDirectory() ? { ...file, bytes: sizeOf(child) } : file;
  }
}

const strength = { part: 0, entry: 1, kept: 2 } as const;

function pieceOf(root: string, group: readonly FoundFile[], memory: ReadMemory): Piece {
  const contents = group.flatMap((found) => contentOf(root, found, memory) ?? []);
  const roles = group.map(({ fileKind }) => fileKind.role).sort((a, b) => strength[b] - strength[a]);
  const isDamaged = contents.some((content) => content.isDamaged);
  const marked = group.filter(({ fileKind }) => fileKind.isMarked);
  const makes = contents.find((content) => content.makes !== undefined)?.makes;
  const [first] = group;
  assert(first !== undefined, 'a group began with a file');
  const { id, kind, lock } = first.fileKind;
  return {
    id,
    kind,
    label: contents.find(({ label }) => label !== undefined)?.label ?? '',
    role: isDamaged ? 'part' : (roles[0] ?? 'part'),
    paths: group.map(({ file }) => file.path),
    bytes: group.reduce((sum, { file }) => sum + file.bytes, 0),
    needs: contents.flatMap(({ needs }) => needs),
    ...(makes === undefined ? {} : { makes }),
    usedAt: Math.max(...(marked.length > 0 ? marked : group).map(({ file }) => file.usedAt)),
    changedAt: Math.max(...group.map(({ file }) => file.changedAt)),
    ...(lock === undefined ? {} : { lock }),
  };
}

function contentOf(root: string, { file, fileKind }: FoundFile, memory: ReadMemory): Content | undefined {
  if (fileKind.holds === undefined) return undefined;
  const known = memory.get(file.path);
  if (known?.file.inode === file.inode && known.file.changedAt === file.changedAt) return known.content;
  const name = /([^/]+?)(?:\.json)?$/.exec(file.path)?.[1] ?? '';
  const content = existsSync(join(root, file.path))
    ? readContent(fileKind.holds, root, file.path, name)
    : { needs: [] };
  memory.set(file.path, { file, content });
  return content;
}

/** A layer of a base is called after the images that have it. */
function withBaseNames(pieces: readonly Piece[]): Piece[] {
  const owners = new Map<string, string[]>();
  for (const { id, needs, label } of pieces) {
    if (!id.startsWith('name ')) continue;
    for (const need of needs) owners.set(need, [...(owners.get(need) ?? []), label]);
  }
  return pieces.map((piece) => {
    if (piece.kind !== 'base' || !piece.id.startsWith('layer ')) return piece;
    const names = [...new Set(piece.needs.flatMap((need) => owners.get(need) ?? []))];
    return names.length === 0 ? piece : { ...piece, label: `layer of ${names.join(', ')}` };
  });
}
