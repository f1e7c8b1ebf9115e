/** Everything one build opens beneath the root; see docs/ARCHITECTURE.md, "The store". */
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { type FileLists, openFileLists } from '../../cache/file-lists.ts';
import { openStepCache, type StepCache } from '../../cache/step-cache.ts';
import type { BlobStore } from '../../content/blob-store.ts';
import { openBlobStore } from '../../content/dir-store.ts';
import { openRefs, type RefStore } from '../../content/refs.ts';
import { systemCode } from '../../core/errors.ts';
import { type LayerServices, type LayerStore, openLayerStore } from '../../layer/layer-store.ts';
import type { RefusedContent } from '../../layer/refuse-content.ts';
import { chooseOverlay } from '../../snapshot/mount/choose-overlay.ts';
import type { OverlayChoice } from '../../snapshot/mount/overlay-choice.ts';
import { openSnapshotter } from '../../snapshot/overlay-snapshotter.ts';
import type { Snapshotter } from '../../snapshot/snapshotter.ts';
import { openUnflushed } from '../../snapshot/unflushed.ts';
import { type BuildRecords, openBuildRecords } from '../record/build-records.ts';
import { checkOwners } from './check-owners.ts';
import { checkRoot } from './check-root.ts';
import type { StoreDamage } from './store-damage.ts';
import { openWorkspace, type Workspace } from './workspace.ts';

/** Who mounts overlays, as far as anybody said, and who is told of what this machine lacks for it. */
export interface OverlayMounts {
  readonly choice: OverlayChoice | undefined;
  tell(note: string): void;
}

export interface BuildStore {
  readonly workspace: Workspace;
  readonly blobs: BlobStore;
  readonly refs: RefStore;
  readonly snapshotter: Snapshotter;
  readonly layers: LayerStore;
  readonly steps: StepCache;
  readonly fileLists: FileLists;
  readonly builds: BuildRecords;
  /** Unmounts what is mounted and removes what is unfinished. */
  close(): void;
}

/**
 * Opens the store, creating it when there is none.
 * @param remote where blobs come from that are not in the store, and who is told of their unpacking
 * @param refused what no new layer may hold
 * @param damage told what is found damaged
 * @param overlay who mounts
 * @throws HostError `root-unusable`, `newer-store`, `other-owners`
 */
export function openBuildStore(
  root: string,
  remote: Pick<LayerServices, 'fetch' | 'canFetch' | 'disown' | 'watcher'>,
  refused: readonly RefusedContent[],
  { onLostBlob, onDamagedFile: onDamage, onUntrusted }: StoreDamage,
  overlay: OverlayMounts,
): BuildStore {
  checkRoot(root);
  checkOwners(root);
  const workspace = openWorkspace(root);
  const ingest = workspace.subdirectory('ingest');
  const blobs = openBlobStore(join(root, 'images'), ingest, join(root, 'partial'), onLostBlob);
  const unflushed = openUnflushed(root);
  const snapshots = join(root, 'snapshots');
  const snapshotter = openSnapshotter(
    snapshots,
    workspace.subdirectory('snapshots'),
    unflushed.note,
    chooseOverlay(overlay.choice, workspace.scratch, overlay.tell),
  );
  const untrusted = unflushed.dropUntrusted((id) => moveIfThere(snapshotter.path(id), workspace.scratch()));
  if (untrusted > 0) onUntrusted(untrusted);
  unflushed.flushSettled(Date.now());
  return {
    workspace,
    blobs,
    refs: openRefs(join(root, 'images'), onDamage),
    snapshotter,
    layers: openLayerStore(root, { snapshotter, blobs, ...remote, refused, onDamage }),
    steps: openStepCache(root, onDamage),
    fileLists: openFileLists(root),
    builds: openBuildRecords(root),
    close() {
      snapshotter.close();
      workspace.close();
    },
  };
}

/** Into a directory that goes with the build. */
function moveIfThere(path: string, aside: string): void {
  try {
    renameSync(path, join(aside, 'untrusted'));
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}
