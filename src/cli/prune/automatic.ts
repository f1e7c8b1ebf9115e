import { mkdirSync } from 'node:fs';
import { setPriority } from 'node:os';
import { dirname } from 'node:path';
import { planPrune, pruneStore } from '../../store/prune.ts';
import { tryLockFile } from '../../sys/file-lock.ts';
import { markUsed } from '../../sys/use-mark.ts';
import { parseDuration } from '../flags/duration.ts';
import { diskBytesOf, freeBytesOf, parseShare } from '../flags/share.ts';
import { withPruneSite } from '../open-store.ts';
import type { PruneSettings } from './settings.ts';
import { pruneLock } from './when-due.ts';

/** Lowest: whoever waits for something goes first. */
const idlePriority = 19;
/** Pruning goes a little further than it must, or the next build would bring the next prune. */
const target = 0.9;

/** Prunes by the configuration, unless another process is at it. */
export async function pruneAutomatically(root: string, settings: PruneSettings): Promise<void> {
  setPriority(idlePriority);
  await withPruneSite(root, async (site) => {
    mkdirSync(dirname(pruneLock(root)), { recursive: true });
    const lock = tryLockFile(pruneLock(root), 'exclusive');
    if (lock === undefined) return;
    try {
      markUsed(pruneLock(root));
      const { olderThan } = settings;
      await pruneStore(
        site,
        olderThan === undefined ? {} : { select: { unusedFor: parseDuration('older-than', olderThan) } },
      );
      const disk = () => diskBytesOf(root);
      const keepBytes = parseShare('keep-size', settings.keepSize, disk);
      const freeBytes = parseShare('free', settings.free, disk);
      const { keptBytes } = await planPrune(site, {});
      if (keptBytes <= keepBytes && freeBytesOf(root) >= freeBytes) return;
      const limits = { keepBytes: keepBytes * target, freeBytes: freeBytes / target };
      await pruneStore(site, { select: {}, limits });
    } finally {
      lock.release();
    }
  });
}
