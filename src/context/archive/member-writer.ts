/** Members of an archive as files, put into a directory one after the other. */
import {
  chmodSync,
  closeSync,
  constants,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import {
  type BytePath,
  bytePathFromText,
  bytePathToFs,
  bytePathToText,
  joinBytePath,
  parentOf,
} from '../../core/byte-path.ts';
import { IntegrityError, systemCode } from '../../core/errors.ts';
import { resolveBeneath } from '../../core/file-tree.ts';
import { makeNode, setTimes } from '../../sys/node.ts';
import { setXattr } from '../../sys/xattr.ts';
import type { TarEntry } from '../../tar/entry.ts';
import { openFolder } from '../folder.ts';
import { memberPathBeneath } from './member-path.ts';

/** Puts members of an archive into a directory, one after the other. */
export interface MemberWriter {
  /** Makes a member; the content of a file comes by `data` until its `end`. */
  begin(entry: TarEntry): void;
  data(bytes: Uint8Array, offset: number): void;
  end(): void;
  /** Lets go of a file that has not ended. */
  drop(): void;
  /** Gives the directories their modes and times. */
  finish(): void;
}

/**
 * Writes members into an empty directory. Symlinks on the way to one are followed inside of it only; a later
 * member replaces an earlier one. `begin` throws IntegrityError `archive-escape`, `archive-link`.
 */
export function memberWriter(directory: string): MemberWriter {
  const root = bytePathFromText(directory);
  const tree = openFolder(directory, { uidGid: 'keep' });
  /** Their times and modes come last: making files in them needs and changes these. */
  const directories = new Map<BytePath, TarEntry>();
  let file: { readonly entry: TarEntry; readonly host: BytePath; readonly descriptor: number } | undefined;

  const locate = (name: BytePath): BytePath => {
    const path = memberPathBeneath(name);
    if (path === undefined) throw escapes(name);
    return resolveBeneath(tree, path, false);
  };

  /** Makes room for a member: parents before it, nothing in its place but a directory for a directory. */
  const clear = (path: BytePath, entry: TarEntry): boolean => {
    makeDirectory(parentOf(path));
    const there = tree.lstat(path);
    if (there === undefined) return true;
    if (there.type === 'directory' && entry.type === 'directory') return false;
    rmSync(bytePathToFs(joinBytePath(root, path)), { recursive: true });
    for (const name of directories.keys())
      if (name === path || name.startsWith(`${path}/`)) directories.delete(name);
    return true;
  };

  const makeDirectory = (path: BytePath): void => {
    if (path === '' || tree.lstat(path)?.type === 'directory') return;
    makeDirectory(parentOf(path));
    mkdirSync(bytePathToFs(joinBytePath(root, path)), { mode: 0o755 });
  };

  const begin = (entry: TarEntry): void => {
    const path = locate(entry.path);
    if (path === '') return;
    const host = joinBytePath(root, path);
    const target = entry.type === 'hardlink' ? locate(entry.link) : '';
    if (entry.type === 'hardlink' && target === path) return;
    const isNew = clear(path, entry);
    switch (entry.type) {
      case 'file':
        file = { entry, host, descriptor: openSync(bytePathToFs(host), createNew, 0o600) };
        return;
      case 'directory':
        if (isNew) mkdirSync(bytePathToFs(host));
        directories.set(path, entry);
        return;
      case 'hardlink':
        if ((tree.lstat(target)?.type ?? 'directory') === 'directory') throw badLink(entry);
        linkSync(bytePathToFs(joinBytePath(root, target)), bytePathToFs(host));
        return;
      case 'symlink':
        symlinkSync(bytePathToFs(entry.link), bytePathToFs(host));
        break;
      default:
        makeNode(host, entry.type, entry.mode, entry.devMajor, entry.devMinor);
    }
    settle(host, entry);
  };

  return {
    begin,
    data(bytes, offset) {
      if (file === undefined) return;
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(file.descriptor, bytes, done, bytes.length - done, offset + done);
      }
    },
    end() {
      if (file === undefined) return;
      // A hole may be the last thing in it.
      ftruncateSync(file.descriptor, file.entry.size);
      closeSync(file.descriptor);
      const { host, entry } = file;
      file = undefined;
      settle(host, entry);
    },
    drop() {
      if (file !== undefined) closeSync(file.descriptor);
      file = undefined;
    },
    finish() {
      for (const [path, entry] of [...directories].reverse()) settle(joinBytePath(root, path), entry);
    },
  };
}

const createNew = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Mode, attributes and, last, time of a member that is in place. */
function settle(host: BytePath, entry: TarEntry): void {
  if (entry.type !== 'symlink') chmodSync(bytePathToFs(host), entry.mode);
  for (const { name, value } of entry.xattrs) {
    try {
      setXattr(host, name, value);
    } catch (error) {
      // Attributes this filesystem has no room or no right for are left out, as COPY does.
      if (systemCode(error) === undefined) throw error;
    }
  }
  setTimes(host, entry.mtime);
}

function escapes(name: BytePath): IntegrityError {
  return new IntegrityError(
    'archive-escape',
    `"${bytePathToText(name)}" in the context archive leads out of it`,
    {
      hint: 'pack the context without names that climb through ".."',
    },
  );
}

function badLink({ path, link }: TarEntry): IntegrityError {
  const [name, target] = [bytePathToText(path), bytePathToText(link)];
  return new IntegrityError(
    'archive-link',
    `"${name}" in the context archive is a hard link to "${target}", which is no file of it`,
    {
      hint: 'pack the context again, with the files its links repeat',
    },
  );
}
