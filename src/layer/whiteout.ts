import { type BytePath, baseName, bytePathToText, joinBytePath, parentOf } from '../core/byte-path.ts';
import { StepError } from '../core/errors.ts';
import type { FileStat } from '../core/file-tree.ts';
import { plainFields, type TarEntry } from '../tar/entry.ts';
import { badPath } from './upper/layer-path.ts';

/** image-spec, layer.md, "Whiteouts": a file of this name and the deleted one's stands for the deletion. */
const prefix = '.wh.';

/** The member of a layer that deletes `path`. Only its name means something; the rest is as plain as can be. */
export function whiteoutEntry(path: BytePath): TarEntry {
  const name = prefix + baseName(path);
  return { ...plainFields, path: joinBytePath(parentOf(path), name), type: 'file', mode: 0 };
}

/** What a member of a layer with a reserved name means. */
export type Whiteout =
  | { readonly kind: 'delete'; readonly path: BytePath }
  /** Everything the layers below have in a directory is deleted. */
  | { readonly kind: 'opaque'; readonly path: BytePath }
  /** Book-keeping of AUFS, which invented the names. */
  | { readonly kind: 'ignored' };

/**
 * Reads a member's name; undefined for those that mean themselves.
 * @param path clean
 * @throws IntegrityError `layer-bad-path` for a deletion of nothing, or of something inside a deletion
 */
export function readWhiteout(path: BytePath): Whiteout | undefined {
  if (!path.includes(prefix)) return undefined;
  const name = baseName(path);
  if (name === '.wh..wh..opq') return { kind: 'opaque', path: parentOf(path) };
  const components = path.split('/');
  if (components.some((component) => component.startsWith(prefix + prefix))) return { kind: 'ignored' };
  if (components.slice(0, -1).some((component) => component.startsWith(prefix))) {
    throw badPath(path, 'lies in a deletion');
  }
  if (!name.startsWith(prefix)) return undefined;
  const deleted = name.slice(prefix.length);
  if (deleted === '' || deleted === '.' || deleted === '..') throw badPath(path, 'deletes nothing');
  return { kind: 'delete', path: joinBytePath(parentOf(path), deleted) };
}

/** Overlay's mark of a deleted name. Several may share an inode: they are no hard links. */
export function isWhiteout({ type, devMajor, devMinor }: FileStat): boolean {
  return type === 'char' && devMajor === 0 && devMinor === 0;
}

/**
 * A real file with the name of a whiteout would delete another one where the layer is unpacked.
 * @throws StepError `reserved-name`
 */
export function refuseReservedName(path: BytePath): void {
  if (!path.includes(prefix) || !baseName(path).startsWith(prefix)) return;
  throw new StepError(
    'reserved-name',
    `"/${bytePathToText(path)}" cannot be stored in an image: names that begin with ".wh." mark deletions`,
    { hint: 'name the file differently, or remove it in the step that made it' },
  );
}
