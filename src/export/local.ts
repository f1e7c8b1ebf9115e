import {
  chmodSync,
  closeSync,
  lchownSync,
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
import { setImmediate as turn } from 'node:timers/promises';
import {
  type BytePath,
  bytePathFromText,
  bytePathToFs,
  bytePathToText,
  joinBytePath,
  parentOf,
} from '../core/byte-path.ts';
import { CanceledError, HostError, systemCode } from '../core/errors.ts';
import type { FileStat, FileTree } from '../core/file-tree.ts';
import { makeNode, setTimes } from '../sys/node.ts';
import { setXattr } from '../sys/xattr.ts';
import { outputError } from './destination.ts';
import { readTreeFile } from './read-file.ts';
import { openTreeStaging, type TreeStaging } from './tree-staging.ts';
import { walkTree } from './walk-tree.ts';

/** How many files are made before others get their turn: the walk itself never waits. */
const filesPerTurn = 64;

/**
 * Writes a root filesystem into a directory, beside what is there. A file replaces a file or a link of the
 * same name, whole or not at all; a link is never followed; a directory that stands in the way of a file is
 * an error, not removed.
 *
 * @param keepsOwners owners and system attributes are set: for root; anybody else owns all files
 *
 * @throws HostError `output-conflict`, `output-unusable`, `device-not-made`, `disk-full`; CanceledError
 */
export async function exportLocal(
  tree: FileTree,
  destination: string,
  keepsOwners: boolean,
  signal: AbortSignal,
): Promise<void> {
  const root = bytePathFromText(destination);
  try {
    mkdirSync(destination, { recursive: true });
    const staging = openTreeStaging(destination);
    try {
      staging.sweep(root);
      await writeTree(tree, root, staging, keepsOwners, signal);
    } finally {
      staging.close();
    }
  } catch (error) {
    throw outputError(error, destination);
  }
}

async function writeTree(
  tree: FileTree,
  root: BytePath,
  staging: TreeStaging,
  keepsOwners: boolean,
  signal: AbortSignal,
): Promise<void> {
  let count = 0;
  for (const step of walkTree(tree)) {
    if (signal.aborted) throw new CanceledError();
    if (++count % filesPerTurn === 0) await turn();
    const target = joinBytePath(root, step.path);
    if (step.kind === 'leave') {
      // Last, since every file made inside changes the date, and a mode may forbid making one.
      finish(tree, step.path, target, step.stat, keepsOwners);
    } else if (step.sameAs !== undefined) {
      clearWay(target);
      linkSync(bytePathToFs(joinBytePath(root, step.sameAs)), bytePathToFs(target));
    } else {
      await make(tree, step.path, target, step.stat, staging, keepsOwners);
    }
  }
}

async function make(
  tree: FileTree,
  path: BytePath,
  target: BytePath,
  stat: FileStat,
  staging: TreeStaging,
  keepsOwners: boolean,
): Promise<void> {
  if (stat.type === 'directory') {
    makeDirectory(target, staging);
    return;
  }
  if (stat.type === 'file') {
    await makeFile(tree, path, target, stat, staging, keepsOwners);
    return;
  }
  clearWay(target);
  if (stat.type === 'symlink') symlinkSync(bytePathToFs(tree.readlink(path)), bytePathToFs(target));
  else if (stat.type !== 'socket') makeSpecial(target, stat.type, stat);
  finish(tree, path, target, stat, keepsOwners);
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

async function makeFile(
  tree: FileTree,
  path: BytePath,
  target: BytePath,
  stat: FileStat,
  staging: TreeStaging,
  keepsOwners: boolean,
): Promise<void> {
  if (isDirectory(target)) throw conflict(target);
  const aside = joinBytePath(parentOf(target), staging.name);
  try {
    const fd = openSync(bytePathToFs(aside), 'wx', 0o600);
    try {
      for await (const chunk of readTreeFile(tree, path, stat.size)) writeWhole(fd, chunk);
    } finally {
      closeSync(fd);
    }
    finish(tree, path, aside, stat, keepsOwners);
    renameSync(bytePathToFs(aside), bytePathToFs(target));
  } catch (error) {
    rmSync(bytePathToFs(aside), { force: true });
    throw error;
  }
}

function writeWhole(fd: number, chunk: Uint8Array): void {
  for (let done = 0; done < chunk.length; ) done += writeSync(fd, chunk, done);
}

/** A real directory is used as it is; a file or a link in its place makes way. */
function makeDirectory(target: BytePath, staging: TreeStaging): void {
  if (isDirectory(target)) {
    staging.sweep(target);
    return;
  }
  clearWay(target);
  mkdirSync(bytePathToFs(target), 0o700);
}

function finish(
  tree: FileTree,
  path: BytePath,
  target: BytePath,
  stat: FileStat,
  keepsOwners: boolean,
): void {
  // Before the mode: changing the owner clears setuid. Attributes after: it clears capabilities too.
  if (keepsOwners) lchownSync(bytePathToFs(target), stat.uid, stat.gid);
  if (stat.type !== 'symlink') chmodSync(bytePathToFs(target), stat.mode);
  for (const { name, value } of tree.xattrs(path)) {
    if (keepsOwners || name.startsWith('user.')) setXattr(target, name, value);
  }
  setTimes(target, stat.mtime);
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
