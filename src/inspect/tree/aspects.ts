import type { Xattr } from '../../core/file-tree.ts';
import type { LayerFile } from './layer-tree.ts';

/** What of a file can differ. */
export type Aspect = 'type' | 'content' | 'mode' | 'owner' | 'time' | 'xattr';

/** In what two files differ, in a fixed order. Hard links are compared by what they link to: pass inodes. */
export function aspectsOf(a: LayerFile, b: LayerFile): Aspect[] {
  if (a.type !== b.type) return ['type', ...attributesOf(a, b)];
  return [...(hasSameContent(a, b) ? [] : (['content'] as const)), ...attributesOf(a, b)];
}

/** Whether both are files of one type and one content; a symlink's content is its target, a device's its number. */
export function hasSameContent(a: LayerFile, b: LayerFile): boolean {
  return (
    a.type === b.type &&
    a.size === b.size &&
    a.content === b.content &&
    a.link === b.link &&
    a.devMajor === b.devMajor &&
    a.devMinor === b.devMinor &&
    // A file that was too large to hash may be anything.
    (a.type !== 'file' || a.size === 0 || a.content !== undefined)
  );
}

function attributesOf(a: LayerFile, b: LayerFile): Aspect[] {
  const aspects: Aspect[] = [];
  // Nobody looks at the mode of a symlink, and archives disagree about it.
  if (a.mode !== b.mode && !(a.type === 'symlink' && b.type === 'symlink')) aspects.push('mode');
  if (a.uid !== b.uid || a.gid !== b.gid) aspects.push('owner');
  if (a.mtime.seconds !== b.mtime.seconds || a.mtime.nanoseconds !== b.mtime.nanoseconds)
    aspects.push('time');
  if (!hasSameXattrs(a.xattrs, b.xattrs)) aspects.push('xattr');
  return aspects;
}

function hasSameXattrs(a: readonly Xattr[], b: readonly Xattr[]): boolean {
  if (a.length !== b.length) return false;
  return a.every(({ name, value }, index) => {
    const other = b[index];
    return other !== undefined && name === other.name && Buffer.compare(value, other.value) === 0;
  });
}
