import { type BytePath, baseName, bytePathToText, joinBytePath, parentOf } from '../core/byte-path.ts';
import { StepError } from '../core/errors.ts';
import type { TarEntry } from '../tar/entry.ts';

/** image-spec, layer.md, "Whiteouts": a file of this name and the deleted one's stands for the deletion. */
const prefix = '.wh.';

/** The member of a layer that deletes `path`. Only its name means something; the rest is as plain as can be. */
export function whiteoutEntry(path: BytePath): TarEntry {
  return {
    path: joinBytePath(parentOf(path), prefix + baseName(path)),
    type: 'file',
    mode: 0,
    uid: 0,
    gid: 0,
    size: 0,
    mtime: { seconds: 0, nanoseconds: 0 },
    link: '',
    devMajor: 0,
    devMinor: 0,
    xattrs: [],
  };
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
