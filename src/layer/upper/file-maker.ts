/**
 * Makes files. ext4 without a journal passes over every inode that was freed in the last minutes before it takes a new
 * one, so that making a file takes up to fifty times as long where many were removed. It is a matter of the directory:
 * files are then made in another, which lies elsewhere on the disk, and get their names from there.
 */
import { closeSync, constants, linkSync, openSync, statfsSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type BytePath, bytePathToFs } from '../../core/byte-path.ts';
import { quickestPlace } from '../../snapshot/places.ts';
import { removeSmallTree } from '../../sys/remove-tree.ts';

export interface FileMaker {
  /**
   * A new file, readable by nobody else, open for writing.
   * @param path on the host
   * @throws a system error, such as EEXIST
   */
  open(path: BytePath): number;
  /** No file is made any more. */
  close(): void;
}

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;

/** Fewer are made before another place is found. */
const fewFiles = 256;
/** A file is made in 0.02 ms on a busy machine. */
const slowMs = 0.12;
/** Of so many files in a row so many slow ones: a single one may have waited for a processor. */
const [windowFiles, manySlow] = [16, 12];
/** After so many places that were slow at once, it is something else that takes long. */
const mostUseless = 3;
/** Of ext2 to ext4 (statfs(2)). */
const extMagic = 0xef53;

/**
 * @param places where other places can be made (`ActiveSnapshot.places`); without, files are made where they belong
 * @param now a clock, in milliseconds
 */
export function fileMaker(places: string | undefined, now = () => performance.now()): FileMaker {
  const others: string[] = [];
  let place: string | undefined;
  let made = 0;
  let slow = 0;
  let isSlow = false;
  /** Whether the place is another since it was judged last. */
  let isNew = false;
  let useless = 0;

  const judge = (milliseconds: number): void => {
    if (milliseconds > slowMs) slow++;
    if (++made % windowFiles !== 0) return;
    isSlow = slow >= manySlow && made > fewFiles;
    if (isSlow && isNew) useless++;
    isNew = false;
    slow = 0;
  };

  const move = (to: string): void => {
    isSlow = false;
    isNew = useless < mostUseless && statfsSync(to).type === extMagic;
    place = isNew ? quickestPlace(to) : undefined;
    if (place !== undefined) others.push(place);
  };

  return {
    open(path) {
      if (isSlow && places !== undefined) move(places);
      const start = now();
      const host = bytePathToFs(path);
      const descriptor = place === undefined ? create(host) : createIn(join(place, `${made}`), host);
      judge(now() - start);
      return descriptor;
    },
    close() {
      for (const other of others.splice(0)) removeSmallTree(other);
    },
  };
}

function create(path: string | Buffer): number {
  return openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
}

/** As `create`, by way of another name: where a file is does not change with its name. */
function createIn(aside: string, path: string | Buffer): number {
  const descriptor = create(aside);
  try {
    linkSync(aside, path);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  } finally {
    unlinkSync(aside);
  }
  return descriptor;
}
