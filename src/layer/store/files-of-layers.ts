/** Files from blobs: snapshots are unpacked, or only listed, when somebody needs what is in them. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BlobStore } from '../../content/blob-store.ts';
import { bytePathFromText } from '../../core/byte-path.ts';
import { counted } from '../../core/counted.ts';
import type { FileTree } from '../../core/file-tree.ts';
import { traced } from '../../core/trace.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { directoryLayer, type LayerFiles } from '../../snapshot/layer-files.ts';
import { mergedLayers } from '../../snapshot/merged-tree.ts';
import type { SnapshotID, Snapshotter, Stack } from '../../snapshot/snapshotter.ts';
import { lockFile } from '../../sys/file-lock.ts';
import { applyLayer } from '../apply.ts';
import { listedLayer } from '../listing/listed-layer.ts';
import type { LayerBringer } from './bring-layers.ts';
import type { KnownLayers } from './known-layers.ts';
import { layerListings } from './listings-of-layers.ts';
import { once } from './once.ts';

export interface FilesOfLayers {
  /** Whether the snapshot's files are in place. */
  isInPlace(id: SnapshotID): boolean;
  /** Puts the files of all snapshots in place, unpacking and fetching what is missing, in parallel. */
  ensureFiles(stack: Stack, signal: AbortSignal): Promise<void>;
  /**
   * The merged view of a stack for whoever asks about names and metadata only: layers that nobody has
   * unpacked are listed from their blobs instead. Opening a file is allowed where `ensureFiles` was done.
   */
  openListing(stack: Stack, signal: AbortSignal): Promise<FileTree>;
}

/** Told of layers that are unpacked. */
export interface UnpackWatcher {
  /** @param bytes of the blob, read so far */
  unpacking(id: SnapshotID, blob: Descriptor, bytes: number): void;
  /** The files are in place. */
  unpacked(id: SnapshotID, blob: Descriptor): void;
}

/** Of a blob that may well hold thousands of files. */
const largeBytes = 8 << 20;

/** Each snapshot is unpacked once by all builds of the machine together: locks beneath `root` see to it. */
export function openFilesOfLayers(
  root: string,
  snapshotter: Snapshotter,
  blobs: BlobStore,
  known: KnownLayers,
  bringer: LayerBringer,
  watcher?: UnpackWatcher,
): FilesOfLayers {
  const { bringAny, trusting } = bringer;
  const listingOf = layerListings(blobs, known, bringer);
  const locks = join(root, 'locks');
  mkdirSync(locks, { recursive: true, mode: 0o700 });
  const unpacking = new Map<SnapshotID, Promise<void>>();

  async function unpack(id: SnapshotID, signal: AbortSignal): Promise<void> {
    if (snapshotter.has(id)) return;
    const lock = await lockFile(join(locks, `unpack-${id}`), 'exclusive', signal);
    try {
      if (snapshotter.has(id)) return;
      const { diffID, descriptor } = await bringAny(id, signal);
      const active = snapshotter.prepare([], { isLarge: descriptor.size >= largeBytes });
      try {
        const watched = () =>
          counted(blobs.open(descriptor), (bytes) => watcher?.unpacking(id, descriptor, bytes));
        const apply = () => applyLayer(watched(), descriptor.mediaType, active.upper, diffID, active.places);
        await traced('unpack layer', () => trusting(id, descriptor, apply));
        await snapshotter.commit(active, id);
        watcher?.unpacked(id, descriptor);
      } catch (error) {
        await snapshotter.discard(active);
        throw error;
      }
    } finally {
      lock.release();
    }
  }

  /** The directories of one layer, topmost first, or its listing. */
  async function openLayer(id: SnapshotID, signal: AbortSignal): Promise<LayerFiles[]> {
    if (snapshotter.has(id)) {
      return snapshotter.directories(id).map((directory) => directoryLayer(bytePathFromText(directory)));
    }
    return [listedLayer(await listingOf(id, signal), id)];
  }

  return {
    isInPlace: (id) => snapshotter.has(id),
    async ensureFiles(stack, signal) {
      await Promise.all(stack.map((id) => once(unpacking, id, () => unpack(id, signal))));
    },
    async openListing(stack, signal) {
      // A layer that stands there twice says everything where it is topmost, as in a mount.
      const ids = [...new Set(stack.toReversed())];
      const opened = (await Promise.all(ids.map((id) => openLayer(id, signal)))).flat();
      const opaque = opened.findIndex((layer) => layer.isOpaque(''));
      return mergedLayers(opaque < 0 ? opened : opened.slice(0, opaque + 1));
    },
  };
}
