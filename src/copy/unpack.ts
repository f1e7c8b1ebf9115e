/** Archives among the sources of ADD (Dockerfile reference, 3.7 "Local archives"). */
import { join } from 'node:path';
import { memberPathBeneath } from '../context/archive/member-path.ts';
import { type BytePath, bytePathToText, cleanBeneath, joinBytePath, parentOf } from '../core/byte-path.ts';
import { StepError } from '../core/errors.ts';
import { type FileStat, resolveBeneath, type Timestamp } from '../core/file-tree.ts';
import { isImageXattr } from '../snapshot/image-xattr.ts';
import { type ArchiveMember, readArchive } from './archive.ts';
import type { Destination } from './destination.ts';
import { makeDirectories, shown } from './directories.ts';
import type { MetadataRules } from './metadata.ts';
import type { SelectedSource, Selection } from './selection.ts';

export interface ArchiveSource {
  readonly kind: 'archive';
  readonly argument: number;
  readonly members: readonly ArchiveMember[];
}

export type PlaceableSource = SelectedSource | ArchiveSource;

/**
 * Replaces the files among the sources that are archives by their members. Files inside of directories
 * stay what they are.
 * @param unpack `--unpack`; undefined unpacks what is local and nothing that was downloaded
 * @param scratch a directory for decompressed archives; whoever owns it removes it once the layer is written
 * @throws IntegrityError for a damaged archive; HostError `program-missing`, `disk-full`
 */
export async function openArchives(
  selection: Selection,
  unpack: boolean | undefined,
  scratch: string,
  signal?: AbortSignal,
): Promise<Selection<PlaceableSource>> {
  const mayUnpack = ({ file, isDownload }: SelectedSource & { kind: 'file' }): boolean =>
    (unpack ?? isDownload !== true) && file.stat.type === 'file' && file.stat.size > 0;
  const sources: PlaceableSource[] = [];
  for (const [index, source] of selection.sources.entries()) {
    const spool = join(scratch, `archive-${index}`);
    const members =
      source.kind === 'file' && mayUnpack(source)
        ? await readArchive(source.tree, source.file.path, spool, signal)
        : undefined;
    if (members === undefined) sources.push(source);
    else sources.push({ kind: 'archive', argument: source.argument, members });
  }
  return { ...selection, sources };
}

/**
 * Unpacks an archive into the destination, which is a directory whatever its name ends in. Members keep
 * their metadata but for `--chown`.
 * @throws StepError `archive-escape`, `archive-link`, `not-a-directory`
 */
export function placeArchive(
  onto: Destination,
  rules: MetadataRules,
  source: ArchiveSource,
  dest: BytePath,
): void {
  const top = resolveBeneath(onto, cleanBeneath(dest));
  makeDirectories(onto, top, rules.plainDirectory);
  for (const member of source.members) placeMember(onto, rules, member, top);
}

/** Members that claim to be older are taken to be as old as this. */
const beginning: Timestamp = { seconds: 0, nanoseconds: 0 };

function placeMember(onto: Destination, rules: MetadataRules, member: ArchiveMember, top: BytePath): void {
  const { entry } = member;
  const name = memberPath(entry.path, top);
  // The root of the archive: the destination is there and stays as it is.
  if (name === '') return;
  const path = resolveIn(onto, top, name);
  makeDirectories(onto, parentOf(path), { ...rules.plainDirectory, uid: 0, gid: 0 });
  if (entry.type === 'hardlink') {
    placeHardLink(onto, path, resolveIn(onto, top, memberPath(entry.link, top)), entry.path);
    return;
  }
  const { type, uid, gid, size, devMajor, devMinor } = entry;
  // Whatever a program wrote there: a link has no mode of its own.
  const mode = type === 'symlink' ? 0o777 : entry.mode;
  const mtime = entry.mtime.seconds < 0 ? beginning : entry.mtime;
  const stat: FileStat = { type, mode, uid, gid, size, mtime, devMajor, devMinor, linkCount: 1, inode: '' };
  const xattrs = entry.xattrs.filter(({ name }) => isImageXattr(name));
  onto.put(path, {
    stat: { ...stat, ...rules.owner },
    target: type === 'symlink' ? entry.link : '',
    xattrs: () => xattrs,
    ...(member.content === undefined ? {} : { content: member.content }),
  });
}

/** Both names become one file; a name that is only below the destination is taken into the layer for it. */
function placeHardLink(onto: Destination, path: BytePath, target: BytePath, name: BytePath): void {
  const file = onto.placed(target) ?? onto.inherited(target);
  if (file === undefined || file.stat.type === 'directory') {
    const problem = file === undefined ? 'nothing' : 'a directory';
    throw new StepError(
      'archive-link',
      `"${bytePathToText(name)}" in the archive is a hard link to ${problem}: "${shown(target)}"`,
      { hint: 'the archive is damaged or incomplete: pack it again, with the files its links repeat' },
    );
  }
  // So GNU tar stores a file that it was given twice.
  if (path === target) return;
  const linked = { ...file, linkGroup: file.linkGroup ?? `archive ${target}` };
  onto.put(target, linked);
  onto.put(path, linked);
}

function memberPath(name: BytePath, top: BytePath): BytePath {
  const path = memberPathBeneath(name);
  if (path !== undefined) return path;
  throw new StepError(
    'archive-escape',
    `"${bytePathToText(name)}" in the archive lies outside "${shown(top)}"`,
    {
      hint: 'members may not leave the destination through "..": pack the archive without them',
    },
  );
}

/** Follows the symlinks that lead to a member as if the destination were the root of everything. */
function resolveIn(onto: Destination, top: BytePath, path: BytePath): BytePath {
  const inside = {
    lstat: (below: BytePath) => onto.lstat(joinBytePath(top, below)),
    readlink: (below: BytePath) => onto.readlink(joinBytePath(top, below)),
  };
  return joinBytePath(top, resolveBeneath(inside, path, false));
}
