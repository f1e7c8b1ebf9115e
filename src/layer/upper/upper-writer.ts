/**
 * Writes members into an upper directory in overlay's form: deletions become whiteouts, directories that
 * hide what is below become opaque. Everything is synchronous: 20,000 files make no promises.
 */
import {
  chmodSync,
  closeSync,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { type BytePath, bytePathFromText, bytePathToFs } from '../../core/byte-path.ts';
import { systemCode } from '../../core/errors.ts';
import type { FileStat, Xattr } from '../../core/file-tree.ts';
import { makeDevice } from '../../snapshot/device-file.ts';
import { isImageXattr } from '../../snapshot/image-xattr.ts';
import { makeNode, setTimes, setTimesOfOpen } from '../../sys/node.ts';
import { setXattr } from '../../sys/xattr.ts';
import type { TarEntry } from '../../tar/entry.ts';
import { type FileMaker, fileMaker } from './file-maker.ts';
import { badPath } from './layer-path.ts';
import { UpperPaths } from './upper-paths.ts';

/** A file being written. */
export interface NewFile {
  write(bytes: Uint8Array, offset: number): void;
  /** Sets its metadata and closes it. */
  finish(): void;
  /** Closes it as it is. */
  abandon(): void;
}

export class UpperWriter {
  readonly #paths: UpperPaths;
  /** By resolved path. Their times change with every name made in them, so their metadata comes last. */
  readonly #directories = new Map<BytePath, TarEntry>();

  /** Whom files belong to as they are made. */
  readonly #newOwner: Owner | undefined;
  readonly #maker: FileMaker;

  /** @param places of an upper that may get many files (`ActiveSnapshot.places`) */
  constructor(upper: string, places?: string) {
    this.#maker = fileMaker(places);
    this.#paths = new UpperPaths(bytePathFromText(upper));
    this.#newOwner = ownerOfNew(this.#paths.stat(''));
  }

  /** Creates a member other than a file, in place of whatever is there. */
  create(entry: TarEntry): void {
    const path = this.#paths.resolve(entry.path);
    if (entry.type === 'directory') {
      this.#paths.makeDirectory(path);
      this.#directories.set(path, entry);
      return;
    }
    if (path === '') throw badPath(entry.path, `makes the root a ${entry.type}`);
    if (entry.type === 'hardlink') this.#makeLink(path, entry.link);
    else this.#makeNode(path, entry);
  }

  /** Creates a file, in place of whatever is there. Whoever calls finishes or abandons it. */
  createFile(entry: TarEntry): NewFile {
    const path = this.#paths.resolve(entry.path);
    if (path === '') throw badPath(entry.path, 'makes the root a file');
    const host = this.#paths.host(path);
    const isOwned = this.#isOwned(entry);
    let end = 0;
    const fd = this.#inPlace(path, () => this.#maker.open(host));
    return {
      write(bytes, offset) {
        for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, offset + at);
        end = offset + bytes.length;
      },
      finish() {
        try {
          if (end < entry.size) ftruncateSync(fd, entry.size);
          // In this order: changing the owner takes setuid bits and capabilities away.
          if (!isOwned) fchownSync(fd, entry.uid, entry.gid);
          fchmodSync(fd, entry.mode);
          setTimesOfOpen(fd, host, entry.mtime);
        } finally {
          closeSync(fd);
        }
        setXattrs(host, entry.xattrs);
      },
      abandon: () => closeSync(fd),
    };
  }

  /** Deletes a name of the layers below. What this layer has of that name itself stays, and hides it. */
  delete(path: BytePath): void {
    const at = this.#paths.resolve(path);
    const existing = this.#paths.stat(at);
    if (existing === undefined) makeNode(this.#paths.host(at), 'char', 0, 0, 0);
    else if (existing.type === 'directory') this.#paths.markOpaque(at);
  }

  /** Hides everything the layers below have in a directory. */
  deleteContents(directory: BytePath): void {
    const at = this.#paths.resolve(directory);
    this.#paths.makeDirectory(at);
    this.#paths.markOpaque(at);
  }

  /** Gives all directories their metadata. Nothing can be written afterwards. */
  finish(): void {
    for (const [path, { mode, uid, gid, xattrs, mtime }] of this.#directories) {
      // A later member of the same name may have taken its place.
      if (this.#paths.stat(path)?.type !== 'directory') continue;
      const host = this.#paths.host(path);
      lchownSync(bytePathToFs(host), uid, gid);
      chmodSync(bytePathToFs(host), mode);
      setXattrs(host, xattrs);
      setTimes(host, mtime);
    }
  }

  /** Nothing is written any more, be it finished or not. */
  close(): void {
    this.#maker.close();
  }

  /** Whether a file is its owner's as soon as it is made. */
  #isOwned({ uid, gid }: TarEntry): boolean {
    return uid === this.#newOwner?.uid && gid === this.#newOwner.gid;
  }

  #makeNode(path: BytePath, entry: TarEntry): void {
    const { type, mode, uid, gid, mtime, link, devMajor, devMinor, xattrs } = entry;
    const host = this.#paths.host(path);
    this.#inPlace(path, () => {
      if (type === 'symlink') symlinkSync(bytePathToFs(link), bytePathToFs(host));
      else if (type === 'fifo') makeNode(host, type, mode, 0, 0);
      else if (type === 'char' || type === 'block') makeDevice(host, { type, mode, devMajor, devMinor });
    });
    if (!this.#isOwned(entry)) lchownSync(bytePathToFs(host), uid, gid);
    if (type !== 'symlink') chmodSync(bytePathToFs(host), mode);
    setXattrs(host, xattrs);
    setTimes(host, mtime);
  }

  /** The file that a hard link repeats carries the metadata. */
  #makeLink(path: BytePath, link: BytePath): void {
    const target = this.#paths.resolve(link);
    const type = this.#paths.stat(target)?.type;
    if (type === undefined || type === 'directory') {
      throw badPath(link, type === undefined ? 'is linked to but not there' : 'is a directory and linked to');
    }
    if (target === path) return;
    const from = bytePathToFs(this.#paths.host(target));
    const to = bytePathToFs(this.#paths.host(path));
    this.#inPlace(path, () => linkSync(from, to));
  }

  /** Does what creates a name; when there is one, that goes first: the last member of a name counts. */
  #inPlace<T>(path: BytePath, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
      this.#paths.clear(path);
      return work();
    }
  }
}

type Owner = Pick<FileStat, 'uid' | 'gid'>;

const setgid = 0o2000;

/**
 * The owner of every file that this process makes in or below a directory. Undefined where the filesystem may have its
 * own ways, so to say where the directory passes its group on.
 */
function ownerOfNew(directory: FileStat | undefined): Owner | undefined {
  const [uid, gid] = [process.geteuid?.(), process.getegid?.()];
  if (directory === undefined || uid === undefined || gid === undefined) return undefined;
  const isUsual = directory.uid === uid && directory.gid === gid && (directory.mode & setgid) === 0;
  return isUsual ? { uid, gid } : undefined;
}

function setXattrs(host: BytePath, xattrs: readonly Xattr[]): void {
  for (const { name, value } of xattrs) {
    if (!isImageXattr(name)) continue;
    try {
      setXattr(host, name, value);
    } catch (error) {
      const code = systemCode(error);
      // No filesystem has every kind; the user's own are for files and directories only.
      if (code === 'ENOTSUP' || code === 'EOPNOTSUPP' || (code === 'EPERM' && name.startsWith('user.')))
        continue;
      throw error;
    }
  }
}
