import { column } from '../../core/tables/column.ts';
import type { PathId } from '../../core/tables/path-table.ts';
import type { FileId } from './file-table.ts';

/** What a layer concerns, while it is applied. */
export interface TouchedPaths {
  /** Remembers the file that is at a path, the first time that the path is concerned. */
  add(path: PathId, file: FileId): void;
  /** Tells of each path with the file that was there, in the order in which they came, and forgets them all. */
  takeAll(tell: (path: PathId, before: FileId) => void): void;
}

/** No paths yet; room that one layer took serves the next. */
export function touchedPaths(): TouchedPaths {
  const isTouched = column(Uint8Array);
  const befores = column(Uint32Array);
  let touched: PathId[] = [];
  return {
    add(path, file) {
      if (isTouched.get(path) === 1) return;
      isTouched.set(path, 1);
      befores.set(path, file);
      touched.push(path);
    },
    takeAll(tell) {
      const taken = touched;
      touched = [];
      for (const path of taken) {
        isTouched.set(path, 0);
        tell(path, befores.get(path));
      }
    },
  };
}
