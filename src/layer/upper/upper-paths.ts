/**
 * Places in an upper that is being written. Layers come from strangers: a path is resolved component by
 * component beneath the upper, symlinks of the layer included, and never through a link of the host.
 */
import { mkdirSync, readlinkSync, rmSync, unlinkSync } from 'node:fs';
import { type BytePath, baseName, bytePathToFs, joinBytePath, parentOf } from '../../core/byte-path.ts';
import { emptyTree, type FileStat, type FileTree, resolveBeneath } from '../../core/file-tree.ts';
import { statFile } from '../../sys/stat.ts';
import { overlayAttribute } from '../../sys/user-namespace/overlay-attribute.ts';
import { setXattr } from '../../sys/xattr.ts';
import { isWhiteout } from '../whiteout.ts';
import { badPath } from './layer-path.ts';

const opaque = Buffer.from('y');

export class UpperPaths {
  readonly #upper: BytePath;
  readonly #tree: FileTree;
  /** Parents as members name them, and where they are: real directories beneath the upper. */
  readonly #resolved = new Map<BytePath, BytePath>([['', '']]);

  constructor(upper: BytePath) {
    this.#upper = upper;
    this.#tree = {
      ...emptyTree,
      lstat: (path) => statFile(this.host(path)),
      readlink: (path) => readlinkSync(bytePathToFs(this.host(path)), 'latin1'),
    };
  }

  /** The path on the host of a resolved path. */
  host(path: BytePath): BytePath {
    return joinBytePath(this.#upper, path);
  }

  stat(path: BytePath): FileStat | undefined {
    return statFile(this.host(path));
  }

  /**
   * Where a member belongs: its parent is a real directory, made when it is missing.
   * @param path clean
   */
  resolve(path: BytePath): BytePath {
    if (path === '') return '';
    const parent = parentOf(path);
    let directory = this.#resolved.get(parent);
    if (directory === undefined) {
      directory = resolveBeneath(this.#tree, parent);
      this.#makeDirectories(directory);
      this.#resolved.set(parent, directory);
    }
    return joinBytePath(directory, baseName(path));
  }

  /**
   * Makes a directory, or keeps the one that is there. In place of a whiteout it becomes opaque: the layer
   * deleted what was below and began anew.
   */
  makeDirectory(path: BytePath): void {
    const existing = this.stat(path);
    if (existing?.type === 'directory') return;
    if (existing !== undefined) this.clear(path);
    mkdirSync(bytePathToFs(this.host(path)), 0o755);
    if (existing !== undefined && isWhiteout(existing)) this.markOpaque(path);
  }

  markOpaque(directory: BytePath): void {
    setXattr(this.host(directory), overlayAttribute('opaque'), opaque);
  }

  /** Removes whatever is at a resolved path, with all that is in it. */
  clear(path: BytePath): void {
    const stat = this.stat(path);
    if (stat === undefined) return;
    const host = bytePathToFs(this.host(path));
    if (stat.type === 'directory') rmSync(host, { recursive: true });
    else unlinkSync(host);
    // Other paths may have led through it.
    if (stat.type === 'directory' || stat.type === 'symlink') {
      this.#resolved.clear();
      this.#resolved.set('', '');
    }
  }

  #makeDirectories(directory: BytePath): void {
    let at: BytePath = '';
    for (const part of directory === '' ? [] : directory.split('/')) {
      at = joinBytePath(at, part);
      const stat = this.stat(at);
      if (stat !== undefined && stat.type !== 'directory' && !isWhiteout(stat)) {
        throw badPath(directory, `goes through a ${stat.type}`);
      }
      this.makeDirectory(at);
    }
  }
}
