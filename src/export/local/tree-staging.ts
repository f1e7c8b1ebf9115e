import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type BytePath, bytePathToFs, joinBytePath } from '../../core/byte-path.ts';
import { lockIfPossible } from '../aside-file.ts';

/** Files of a tree are written beside their places; one export has one name for that, and a lock on it. */
export interface TreeStaging {
  /** Of the file that is being written, in whichever directory. */
  readonly name: BytePath;
  /** Removes from a directory that was there before what killed exports left in it. */
  sweep(directory: BytePath): void;
  close(): void;
}

/** @param destination the directory that the tree is written to */
export function openTreeStaging(destination: string): TreeStaging {
  const id = randomBytes(6).toString('hex');
  const lockPath = (each: string) => join(destination, `.strata-${each}.lock`);
  const own = lockIfPossible(lockPath(id));
  const dead = new Map<string, boolean>([[id, false]]);

  /** A lock that can be had, or is not there, is that of an export that was killed. */
  const isDead = (each: string): boolean => {
    let answer = dead.get(each);
    if (answer === undefined) {
      const lock = lockIfPossible(lockPath(each));
      answer = lock !== undefined;
      if (answer) rmSync(lockPath(each), { force: true });
      lock?.release();
      dead.set(each, answer);
    }
    return answer;
  };

  return {
    name: `.strata-${id}`,
    sweep(directory) {
      for (const name of readdirSync(bytePathToFs(directory), 'latin1')) {
        const [, each] = /^\.strata-([0-9a-f]{12})(?:\.lock)?$/.exec(name) ?? [];
        if (each !== undefined && isDead(each)) {
          rmSync(bytePathToFs(joinBytePath(directory, name)), { force: true });
        }
      }
    },
    close() {
      rmSync(lockPath(id), { force: true });
      own?.release();
    },
  };
}
