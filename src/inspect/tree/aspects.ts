import type { Column } from '../../core/tables/column.ts';
import type { FileId, FileTable } from './file-table.ts';

/** What of a file can differ, in a fixed order. */
const allAspects = ['type', 'content', 'mode', 'owner', 'time', 'xattr'] as const;
export type Aspect = (typeof allAspects)[number];

/** Some aspects as one number, a bit each. */
export type AspectSet = number;

export const noAspects: AspectSet = 0;

/** The set of what is named. */
export function aspectSet(...aspects: readonly Aspect[]): AspectSet {
  return aspects.reduce((set, aspect) => set | (1 << allAspects.indexOf(aspect)), noAspects);
}

/** The aspects of a set, in their order. */
export function aspectsIn(set: AspectSet): Aspect[] {
  return allAspects.filter((_, bit) => (set & (1 << bit)) !== 0);
}

const bits = {
  type: aspectSet('type'),
  content: aspectSet('content'),
  mode: aspectSet('mode'),
  owner: aspectSet('owner'),
  time: aspectSet('time'),
  xattr: aspectSet('xattr'),
};

/** In what two files differ. Hard links are compared by what they link to: pass inodes. */
export function aspectsOf(files: FileTable, a: FileId, b: FileId): AspectSet {
  const { type, mode, uid, gid, seconds, nanoseconds, xattrs } = files.columns;
  const differs = (column: Column) => column.get(a) !== column.get(b);
  let set = noAspects;
  if (differs(type)) set |= bits.type;
  else if (!hasSameContent(files, a, b)) set |= bits.content;
  // Nobody looks at the mode of a symlink, and archives disagree about it.
  if (differs(mode) && !(files.typeOf(a) === 'symlink' && files.typeOf(b) === 'symlink')) set |= bits.mode;
  if (differs(uid) || differs(gid)) set |= bits.owner;
  if (differs(seconds) || differs(nanoseconds)) set |= bits.time;
  if (differs(xattrs)) set |= bits.xattr;
  return set;
}

/** Whether both are files of one type and one content; a symlink's content is its target, a device's its number. */
export function hasSameContent(files: FileTable, a: FileId, b: FileId): boolean {
  const { type, size, content, link, device } = files.columns;
  if ([type, size, content, link, device].some((column) => column.get(a) !== column.get(b))) return false;
  // A file that was too large to hash may be anything.
  return files.typeOf(a) !== 'file' || size.get(a) === 0 || content.get(a) !== 0;
}
