/** Everything one build opens beneath the root; see docs/ARCHITECTURE.md, "The store". */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openStepCache, type StepCache } from '../cache/step-cache.ts';
import type { BlobStore } from '../content/blob-store.ts';
import { openBlobStore } from '../content/dir-store.ts';
import { openRefs, type RefStore } from '../content/refs.ts';
import { HostError, systemCode } from '../core/errors.ts';
import { type LayerStore, openLayerStore } from '../layer/layer-store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { openSnapshotter } from '../snapshot/overlay-snapshotter.ts';
import type { Snapshotter } from '../snapshot/snapshotter.ts';
import { openWorkspace, type Workspace } from './workspace.ts';

export interface BuildStore {
  readonly workspace: Workspace;
  readonly blobs: BlobStore;
  readonly refs: RefStore;
  readonly snapshotter: Snapshotter;
  readonly layers: LayerStore;
  readonly steps: StepCache;
  /** Unmounts what is mounted and removes what is unfinished. */
  close(): void;
}

const formatVersion = '1';

/**
 * Opens the store, creating it when there is none.
 * @param fetch gets a blob of a base image that is not in the store
 * @throws HostError `root-unusable`, `newer-store`
 */
export function openBuildStore(
  root: string,
  fetch: (descriptor: Descriptor, signal: AbortSignal) => Promise<void>,
): BuildStore {
  checkRoot(root);
  const workspace = openWorkspace(root);
  const blobs = openBlobStore(join(root, 'images'), workspace.subdirectory('ingest'));
  const snapshotter = openSnapshotter(join(root, 'snapshots'), workspace.subdirectory('snapshots'));
  return {
    workspace,
    blobs,
    refs: openRefs(join(root, 'images')),
    snapshotter,
    layers: openLayerStore(root, { snapshotter, blobs, fetch }),
    steps: openStepCache(root),
    close() {
      snapshotter.close();
      workspace.close();
    },
  };
}

function checkRoot(root: string): void {
  const path = join(root, 'version');
  try {
    mkdirSync(root, { recursive: true, mode: 0o711 });
    writeFileSync(path, `${formatVersion}\n`, { flag: 'wx' });
  } catch (cause) {
    if (systemCode(cause) === 'EEXIST') {
      checkVersion(path);
      return;
    }
    throw new HostError(
      'root-unusable',
      `cannot use "${root}" for strata's state: ${(cause as Error).message}`,
      {
        hint: 'choose another directory with --root or $STRATA_ROOT',
        cause,
      },
    );
  }
}

function checkVersion(path: string): void {
  const found = readFileSync(path, 'utf8').trim();
  // Empty: whoever creates it is about to write.
  if (found === formatVersion || found === '') return;
  throw new HostError(
    'newer-store',
    `${path} says version ${found}; this strata knows version ${formatVersion}`,
    {
      hint: 'use the strata that made it, or another --root',
    },
  );
}
