/**
 * `source=` of a cache without `from=`: one directory of the cache, shown alone. It must be there: such a cache
 * begins empty, so somebody who mounted all of it made the directory.
 */
import { bytePathFromText, cleanBeneath } from '../../../../core/byte-path.ts';
import { StepError } from '../../../../core/errors.ts';
import { resolveBeneath } from '../../../../core/file-tree.ts';
import { mergedTree } from '../../../../snapshot/merged-tree.ts';
import { bindMount, unmount } from '../../../../sys/mount/mount.ts';
import { enterMountNamespace } from '../../../../sys/mount/mount-namespace.ts';
import { isMissing, pinnedPaths } from '../../../../sys/pinned-paths.ts';
import type { OpenedSource } from './bind-source.ts';
import type { CacheMount } from './cache-mount.ts';

/** Whether a mount shows a part of its cache; where the cache begins with files, `source` says with which. */
export function isPart({ origin, source }: CacheMount): boolean {
  return origin.kind === 'empty' && cleanBeneath(bytePathFromText(source)) !== '';
}

/**
 * Mounts the part at `place`, an empty directory. Symlinks lead to places in the cache. Another step may be writing
 * to it: a link that it puts where a directory was found is not followed.
 * @param directory of the cache
 * @throws StepError `source-not-found`
 */
export function openCachePart(mount: CacheMount, directory: string, place: string): OpenedSource {
  const target = bytePathFromText(place);
  const root = bytePathFromText(directory);
  const pinned = pinnedPaths(root);
  enterMountNamespace();
  try {
    const found = resolveBeneath(mergedTree([root]), bytePathFromText(mount.source));
    bindMount(pinned.directory(found), target);
  } catch (error) {
    throw isMissing(error) ? notFound(mount) : error;
  } finally {
    pinned.close();
  }
  return { path: place, release: async () => unmount(target) };
}

function notFound({ id, source, target }: CacheMount): StepError {
  return new StepError(
    'source-not-found',
    `"${source}" not found: the cache ${id} has no such directory to mount at ${target}`,
    {
      hint: 'a cache without from= begins empty: leave source= out, or make the directory in an earlier RUN that mounts the whole cache',
      word: source,
    },
  );
}
