import { openDirectories } from '../disk-use/file-kinds.ts';
import { listDirectory } from '../disk-use/store-files.ts';

/** The files of a store and the directories that are one thing, beneath `directory` of it. */
export function filesBeneath(root: string, directory: string): string[] {
  return listDirectory(root, directory).flatMap((entry) => {
    const path = directory === '' ? entry.name : `${directory}/${entry.name}`;
    return openDirectories.has(path) || path === 'run' ? filesBeneath(root, path) : [path];
  });
}
