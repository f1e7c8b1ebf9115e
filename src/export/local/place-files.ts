/** Files of a tree put into a directory, where others may stand already. */
import {
  chmodSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { type BytePath, bytePathToFs, bytePathToText, joinBytePath, parentOf } from '../../core/byte-path.ts';
import { HostError, systemCode } from '../../core/errors.ts';
import type { FileStat, FileTree } from '../../core/file-tree.ts';
import { makeNode, setTimes } from '../../sys/node.ts';
import { setXattr } from '../../sys/xattr.ts';
import { readTreeFile } from '../read-file.ts';
import type { TreeStaging } from './tree-staging.ts';

/** Its methods throw HostError `output-conflict`, `device-not-made`, and what the system says. */
export interface Placer {
  /** Puts the file at `path` of the tree to `target`; a directory is not finished with that. */
  place(path: BytePath, target: BytePath, stat: FileStat): Promise<void>;
  /** Gives a file that was placed another name. */
  link(existing: BytePath, target: BytePath): void;
  /**
   * Gives a directory its mode and times: last, since every file made inside changes the date, and a
   * mode may forbid making one.
   */
  finish(path: BytePath, target: BytePath, stat: FileStat): void;
}

/** @param isRoot attributes of the system, capabilities among them, are set: nobody else may */
export function openPlacer(tree: FileTree, staging: TreeStaging, isRoot: boolean): Placer {
  const finish = (path: BytePath, target: BytePath, stat: FileStat) => {
    if (stat.type !== 'symlink') chmodSync(bytePathToFs(target), stat.mode);
    for (const { name, value } of tree.xattrs(path)) {
      if (isRoot || name.startsWith('user.')) setXattr(target, name, value);
    }
    setTimes(target, stat.mtime);
  };

  const placeContent = async (path: BytePath, target: BytePath, stat: FileStat) => {
    if (isDirectory(target)) throw conflict(target);
    const aside = joinBytePath(parentOf(target), staging.name);
    try {
      await writeFile(aside, readTreeFile(tree, path, stat.size));
      finish(path, aside, stat);
      renameSync(bytePathToFs(aside), bytePathToFs(target));
    } catch (error) {
      rmSync(bytePathToFs(aside), { force: true });
      throw error;
    }
  };

  return {
    async place(path, target, stat) {
      if (stat.type === 'directory') return placeDirectory(target, staging);
      if (stat.type === 'file') return placeContent(path, target, stat);
      clearWay(target);
      if (stat.type === 'symlink') symlinkSync(bytePathToFs(tree.readlink(path)), bytePathToFs(target));
      else if (stat.type !== 'socket') makeSpecial(target, stat.type, stat);
      finish(path, target, stat);
    },
    link(existing, target) {
      clearWay(target);
      linkSync(bytePathToFs(existing), bytePathToFs(target));
    },
    finish,
  };
}

/** A real directory is used as it is; a file or a link in its place makes way. */
function placeDirectory(target: BytePath, staging: TreeStaging): void {
  if (isDirectory(target)) {
    staging.sweep(target);
    return;
  }
  clearWay(target);
  mkdirSync(bytePathToFs(target), 0o700);
}

async function writeFile(path: BytePath, content: AsyncIterable<Uint8Array>): Promise<void> {
  const fd = openSync(bytePathToFs(path), 'wx', 0o600);
  try {
    for await (const chunk of content) {
      for (let done = 0; done < chunk.length; ) done += writeSync(fd, chunk, done);
    }
  } finally {
    closeSync(fd);
  }
}

function makeSpecial(
  target: BytePath,
  type: 'fifo' | 'char' | 'block',
  { mode, devMajor, devMinor }: FileStat,
): void {
  try {
    makeNode(target, type, mode, devMajor, devMinor);
  } catch (error) {
    if (systemCode(error) !== 'EPERM' || type === 'fifo') throw error;
    throw new HostError(
      'device-not-made',
      `cannot make the device "${bytePathToText(target)}" of the output`,
      {
        hint: 'the system lets only root make devices: use --output type=tar, or leave it out of the stage',
        cause: error,
      },
    );
  }
}

function clearWay(target: BytePath): void {
  const there = lstatSync(bytePathToFs(target), { throwIfNoEntry: false });
  if (there === undefined) return;
  if (there.isDirectory()) throw conflict(target);
  unlinkSync(bytePathToFs(target));
}

function isDirectory(target: BytePath): boolean {
  return lstatSync(bytePathToFs(target), { throwIfNoEntry: false })?.isDirectory() === true;
}

function conflict(target: BytePath): HostError {
  const place = bytePathToText(target);
  return new HostError(
    'output-conflict',
    `"${place}" is a directory, and the output has a file of that name`,
    {
      hint: 'remove it, or name another directory',
    },
  );
}
