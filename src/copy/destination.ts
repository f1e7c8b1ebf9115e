/**
 * A filesystem while files are put onto it: what is below, covered by what was put. Nothing is written; in
 * the end it says what a layer must hold to make the one the other.
 */
import { type BytePath, compareBytes, joinBytePath, parentOf } from '../core/byte-path.ts';
import type { FileStat, FileTree, Xattr } from '../core/file-tree.ts';
import type { LayerContent, LayerEntry, LayerMember } from '../layer/layer-entry.ts';
import { isSameDirectory } from '../layer/same-member.ts';

export interface PlacedFile {
  readonly stat: FileStat;
  /** Where a symlink points, else ''. */
  readonly target: BytePath;
  /** Asked when the entry is made. */
  readonly xattrs: () => readonly Xattr[];
  readonly content?: LayerContent | undefined;
  /** Files with the same group are names of one file. */
  readonly linkGroup?: string;
}

export interface Destination extends Pick<FileTree, 'lstat' | 'readlink'> {
  /** Puts a file in place of whatever is there; what was below a directory is gone if it is none any more. */
  put(path: BytePath, file: PlacedFile): void;
  placed(path: BytePath): PlacedFile | undefined;
  /** What is below, as a file to be put again with other metadata; undefined where nothing of it shows. */
  inherited(path: BytePath): PlacedFile | undefined;
  /**
   * The change set: parents before children, in byte order, with every directory on the way as it is, so
   * that the layer can be unpacked by itself. The root is never part of it, nor a directory that only got
   * another time.
   */
  entries(): Iterable<LayerEntry>;
}

/**
 * What a filesystem comes to while files are placed on it, and the entries that say so.
 * @param below what is there before
 */
export function openDestination(below: FileTree): Destination {
  const files = new Map<BytePath, PlacedFile>();
  /** Where a directory and something else took each other's place: nothing shows through below these. */
  const covered = new Set<BytePath>();

  const isCovered = (path: BytePath): boolean => {
    if (covered.size === 0) return false;
    for (let at = path; at !== ''; ) {
      at = parentOf(at);
      if (covered.has(at)) return true;
    }
    return false;
  };

  const belowStat = (path: BytePath): FileStat | undefined =>
    isCovered(path) ? undefined : below.lstat(path);

  const lstat = (path: BytePath): FileStat | undefined => files.get(path)?.stat ?? belowStat(path);

  const inherited = (path: BytePath): PlacedFile | undefined => {
    const stat = belowStat(path);
    if (stat === undefined) return undefined;
    const target = stat.type === 'symlink' ? below.readlink(path) : '';
    const isRead = stat.type === 'file' && stat.size > 0;
    return {
      stat,
      target,
      xattrs: () => below.xattrs(path),
      content: isRead ? { kind: 'file', open: () => below.open(path) } : undefined,
    };
  };

  const put = (path: BytePath, file: PlacedFile): void => {
    if (path === '') return;
    const before = lstat(path);
    const wasDirectory = before?.type === 'directory';
    if (before !== undefined && wasDirectory !== (file.stat.type === 'directory')) {
      covered.add(path);
      if (wasDirectory) for (const name of files.keys()) if (name.startsWith(`${path}/`)) files.delete(name);
    }
    files.set(path, file);
  };

  /** Names that a directory put over another one must not show any more. */
  function* deletions(path: BytePath): Iterable<LayerEntry> {
    if (!covered.has(path) && !isCovered(path)) return;
    if (below.lstat(path)?.type !== 'directory') return;
    for (const name of below.list(path)) {
      const child = joinBytePath(path, name);
      if (!files.has(child)) yield { type: 'delete', path: child };
    }
  }

  const isUnchanged = (path: BytePath): boolean => {
    const file = files.get(path);
    const before = belowStat(path);
    if (file?.stat.type !== 'directory' || before?.type !== 'directory') return false;
    return isSameDirectory(layerEntry(path, file, undefined), before, below);
  };

  /** Leaves out directories put where the same ones are, if nothing in them changes either. */
  const withoutUnchanged = (paths: readonly BytePath[]): BytePath[] => {
    const changed = new Set<BytePath>();
    const kept = paths.toReversed().filter((path) => {
      if (!changed.has(path) && isUnchanged(path)) return false;
      changed.add(parentOf(path));
      return true;
    });
    return kept.reverse();
  };

  function* entries(): Iterable<LayerEntry> {
    const passages = new Map<BytePath, PlacedFile>();
    for (const path of files.keys()) {
      for (let at = parentOf(path); at !== '' && !files.has(at) && !passages.has(at); at = parentOf(at)) {
        const directory = inherited(at);
        if (directory !== undefined) passages.set(at, directory);
      }
    }
    const firstOfGroup = new Map<string, BytePath>();
    for (const path of withoutUnchanged([...files.keys(), ...passages.keys()].sort(compareBytes))) {
      const file = files.get(path) ?? passages.get(path);
      if (file === undefined) continue;
      const first = file.linkGroup === undefined ? undefined : firstOfGroup.get(file.linkGroup);
      if (file.linkGroup !== undefined && first === undefined) firstOfGroup.set(file.linkGroup, path);
      yield layerEntry(path, file, first);
      if (file.stat.type === 'directory') yield* deletions(path);
    }
  }

  return {
    lstat,
    readlink: (path) => files.get(path)?.target ?? below.readlink(path),
    put,
    placed: (path) => files.get(path),
    inherited,
    entries,
  };
}

/** A further name of a file says its attributes too: who unpacks may give it its owner again, which takes capabilities away. */
function layerEntry(path: BytePath, file: PlacedFile, linkTo: BytePath | undefined): LayerMember {
  const { type, mode, uid, gid, size, mtime, devMajor, devMinor } = file.stat;
  const isFirst = linkTo === undefined;
  return {
    path,
    // Tar has no sockets, and a copied one would lead nowhere.
    type: !isFirst ? 'hardlink' : type === 'socket' ? 'file' : type,
    mode,
    uid,
    gid,
    size: isFirst ? size : 0,
    mtime,
    link: isFirst ? file.target : linkTo,
    devMajor,
    devMinor,
    xattrs: file.xattrs(),
    content: isFirst ? file.content : undefined,
  };
}
