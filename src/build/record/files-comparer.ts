import { fileChanges } from '../../cache/explain/file-changes.ts';
import type { CompareFiles } from '../../cache/explain/recipe-changes.ts';
import type { FileLists } from '../../cache/file-lists.ts';

/** Compares selections of files by the lists that the store keeps of them. */
export function filesComparer(lists: FileLists): CompareFiles {
  return (before, now, sources) => {
    const [old, current] = [lists.read(before), lists.read(now)];
    return old === undefined || current === undefined ? undefined : fileChanges(old, current, sources);
  };
}
