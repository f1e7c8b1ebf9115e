import { column } from '../../core/tables/column.ts';
import { type PathId, type PathTable, rootPath } from '../../core/tables/path-table.ts';

/** What lies in the directories of a filesystem that changes: a list through the paths in each. */
export interface DirectoryLinks {
  /** Puts a path into the directory that it is in, where it must not be; the root is in none. */
  add(path: PathId): void;
  /** Takes it out again; nothing may lie in it. */
  remove(path: PathId): void;
  /** All that lies beneath a path, directories first. */
  below(path: PathId): Generator<PathId, void, undefined>;
  /** Takes out all that lies beneath a path, and returns it. */
  removeBelow(path: PathId): readonly PathId[];
}

/** Directories with nothing in them. */
export function directoryLinks(paths: PathTable): DirectoryLinks {
  // No directory holds the root: 0 is the end of a list.
  const end = rootPath;
  const first = column(Uint32Array);
  const next = column(Uint32Array);
  const previous = column(Uint32Array);

  /** Behind a path and all beneath it, within `top`. */
  function following(path: PathId, top: PathId): PathId {
    for (let at = path; at !== top; at = paths.parentOf(at)) {
      const neighbour = next.get(at);
      if (neighbour !== end) return neighbour;
    }
    return end;
  }

  function* below(top: PathId): Generator<PathId, void, undefined> {
    for (let path = first.get(top); path !== end; ) {
      yield path;
      const inner = first.get(path);
      path = inner === end ? following(path, top) : inner;
    }
  }

  return {
    add(path) {
      if (path === rootPath) return;
      const directory = paths.parentOf(path);
      const neighbour = first.get(directory);
      next.set(path, neighbour);
      previous.set(path, end);
      if (neighbour !== end) previous.set(neighbour, path);
      first.set(directory, path);
    },
    remove(path) {
      const [before, behind] = [previous.get(path), next.get(path)];
      if (before === end) first.set(paths.parentOf(path), behind);
      else next.set(before, behind);
      if (behind !== end) previous.set(behind, before);
    },
    below,
    removeBelow(top) {
      const all = [...below(top)];
      for (const path of all) first.set(path, end);
      first.set(top, end);
      return all;
    },
  };
}
