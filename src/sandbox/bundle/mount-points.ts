/**
 * A mount needs a file or directory to stand on. Where the root filesystem has none it is made for the
 * step and taken away afterwards, so that nothing of it enters the layer (spec 3.5); those of the system
 * stay. The runtime would make them too, but not tell which.
 */
import { chmodSync, mkdirSync, rmdirSync, unlinkSync, writeFileSync } from 'node:fs';
import {
  type BytePath,
  bytePathToFs,
  bytePathToText,
  compareBytes,
  joinBytePath,
  parentOf,
} from '../../core/byte-path.ts';
import { StepError } from '../../core/errors.ts';
import { type FileStat, type FileTree, resolveBeneath } from '../../core/file-tree.ts';
import { mergedTree } from '../../snapshot/merged-tree.ts';
import { setTimes } from '../../sys/node.ts';
import { statFile } from '../../sys/stat.ts';

type Kind = 'directory' | 'file';

export interface MountTarget {
  /** Absolute in the root filesystem. */
  readonly target: BytePath;
  readonly kind: Kind;
  /** What a directory made for it is like; runc gives the mode of the mount point to a tmpfs on it. */
  readonly mode?: number;
  /** Whether what is made for it is part of what the step leaves; dated 1970 then, whenever that was. */
  readonly stays?: boolean;
}

export interface MountPoint {
  /** The target with its symlinks followed, relative to the root filesystem. */
  readonly path: BytePath;
  /** Whether it lies in another mount: then it is made there, if at all, and not here. */
  readonly isNested: boolean;
  /** What the mount covers, if there is something. */
  readonly covered: FileStat | undefined;
}

/**
 * Finds where in the root filesystem each target is; outer ones come before those nested in them.
 * Symlinks are followed as far as the root filesystem is seen: up to another mount on the way.
 * @throws StepError `mount-target` for the root itself, and for a file where a directory is needed or the
 *   other way round
 */
export function findMountPoints<T extends MountTarget>(
  rootfs: BytePath,
  targets: readonly T[],
): (T & MountPoint)[] {
  const tree = mergedTree([rootfs]);
  const taken = new Set<BytePath>();
  const visible = {
    lstat: (path: BytePath) => (isBelowAny(path, taken) ? undefined : tree.lstat(path)),
    readlink: tree.readlink,
  };
  const outerFirst = [...targets].sort((a, b) => compareBytes(`${a.target}/`, `${b.target}/`));
  return outerFirst.map((wanted) => {
    const path = resolveBeneath(visible, wanted.target);
    if (path === '') {
      throw new StepError('mount-target', `invalid mount target "${bytePathToText(wanted.target)}"`);
    }
    const covered = visible.lstat(path);
    if (covered !== undefined && (covered.type === 'directory') !== (wanted.kind === 'directory')) {
      throw wrongKind(path, wanted.kind);
    }
    const isNested = isBelowAny(path, taken);
    taken.add(path);
    return { ...wanted, path, covered, isNested };
  });
}

/**
 * Makes the mount points that are missing, and leaves the times of the directories they are made in alone.
 * @returns what takes them away again, as far as they are still there and empty
 * @throws StepError `not-a-directory` where a file stands in the way
 */
export function makeMountPoints(rootfs: BytePath, points: readonly (MountTarget & MountPoint)[]): () => void {
  const made: { path: BytePath; kind: Kind }[] = [];
  for (const { path, kind, mode, isNested, stays } of points) {
    const host = joinBytePath(rootfs, path);
    if (isNested || statFile(host) !== undefined) continue;
    keepingTime(joinBytePath(rootfs, nearestDirectory(rootfs, path)), () => {
      const parents = makeDirectories(rootfs, parentOf(path));
      made.push(...parents.map((parent) => ({ path: parent, kind: 'directory' as const })));
      if (kind === 'directory') makeDirectory(host, mode);
      else writeFileSync(bytePathToFs(host), '', { flag: 'wx', mode: 0o644 });
      if (stays) setTimes(host, { seconds: 0, nanoseconds: 0 });
      else made.push({ path, kind });
    });
  }
  return () => {
    // Looked at anew: the step may have put a symlink where a directory was.
    const tree = mergedTree([rootfs]);
    for (const { path, kind } of made.reverse()) removeIfEmpty(rootfs, tree, path, kind);
  };
}

/**
 * Makes a directory and its missing parents, 0755.
 * @returns the ones that were made, relative to the root filesystem
 * @throws StepError `not-a-directory` where a file stands in the way
 */
export function makeDirectories(rootfs: BytePath, path: BytePath): BytePath[] {
  const made: BytePath[] = [];
  let at: BytePath = '';
  for (const part of path === '' ? [] : path.split('/')) {
    at = joinBytePath(at, part);
    const host = joinBytePath(rootfs, at);
    const stat = statFile(host);
    if (stat === undefined) {
      makeDirectory(host);
      made.push(at);
    } else if (stat.type !== 'directory') {
      throw new StepError('not-a-directory', `"/${bytePathToText(at)}" is not a directory`);
    }
  }
  return made;
}

/** Whether a path lies in one of some others. */
export function isBelowAny(path: BytePath, others: ReadonlySet<BytePath>): boolean {
  for (let at = path; at !== ''; ) {
    at = parentOf(at);
    if (others.has(at)) return true;
  }
  return false;
}

function removeIfEmpty(rootfs: BytePath, tree: FileTree, path: BytePath, kind: Kind): void {
  const stat = tree.lstat(path);
  if (stat?.type !== kind) return;
  const host = joinBytePath(rootfs, path);
  if (kind === 'directory' ? tree.list(path).length > 0 : stat.size > 0) return;
  keepingTime(joinBytePath(rootfs, parentOf(path)), () =>
    kind === 'directory' ? rmdirSync(bytePathToFs(host)) : unlinkSync(bytePathToFs(host)),
  );
}

function nearestDirectory(rootfs: BytePath, path: BytePath): BytePath {
  let at = parentOf(path);
  while (at !== '' && statFile(joinBytePath(rootfs, at)) === undefined) at = parentOf(at);
  return at;
}

function keepingTime(directory: BytePath, change: () => void): void {
  const stat = statFile(directory);
  change();
  if (stat !== undefined) setTimes(directory, stat.mtime);
}

function makeDirectory(host: BytePath, mode = 0o755): void {
  mkdirSync(bytePathToFs(host));
  // Whatever the umask.
  chmodSync(bytePathToFs(host), mode);
}

function wrongKind(path: BytePath, kind: Kind): StepError {
  const name = `/${bytePathToText(path)}`;
  const message =
    kind === 'directory'
      ? `cannot mount a directory over "${name}", which is none`
      : `cannot mount a file over "${name}", which is a directory`;
  return new StepError('mount-target', message, { hint: 'choose another target for the mount' });
}
