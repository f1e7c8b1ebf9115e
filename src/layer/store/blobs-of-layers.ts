/** Blobs from files: a layer is packed when an image that has it is exported, and kept in each form asked for. */
import type { BlobStore } from '../../content/blob-store.ts';
import { traced } from '../../core/trace.ts';
import type { StoredLayer } from '../../oci/descriptor.ts';
import type { SnapshotID, Snapshotter, Stack } from '../../snapshot/snapshotter.ts';
import type { KnownMembers } from '../compress/known-members.ts';
import type { Compression } from '../compression.ts';
import { diffSnapshot } from '../diff.ts';
import type { BegunLayer, PackedLayer } from '../layer-blob.ts';
import type { LayerEntry } from '../layer-entry.ts';
import type { ListedMember } from '../listing/layer-listing.ts';
import { packLayer } from '../pack.ts';
import { type RefusedContent, readThrough, refuseContent } from '../refuse-content.ts';
import type { LayerBringer } from './bring-layers.ts';
import type { FilesOfLayers } from './files-of-layers.ts';
import type { KnownLayers } from './known-layers.ts';
import { once } from './once.ts';
import { clamped, type FormServices, recompressed } from './other-forms.ts';

export interface BlobsOfLayers {
  /**
   * The blob of the topmost snapshot's layer, made from its files when there is none.
   * @throws what `refused` says of content that no layer may hold
   */
  ensureBlob(stack: Stack, compression: Compression, signal: AbortSignal): Promise<StoredLayer>;
  /** As `ensureBlob`; a blob that can be fetched stays where it is. */
  locateBlob(stack: Stack, compression: Compression, signal: AbortSignal): Promise<StoredLayer>;
  /**
   * The blob of a layer compressed exactly like this, made from the one given when there is none. It is told
   * by what compressed it: a blob that came from elsewhere is always made anew.
   * @throws what `recompressLayer` throws
   */
  recompress(
    id: SnapshotID,
    layer: StoredLayer,
    compression: Compression,
    signal: AbortSignal,
  ): Promise<StoredLayer>;
  /**
   * The layer that the snapshot's becomes when no time in it may be later than `seconds`, compressed like this; the
   * one given where nothing in it is later.
   * @throws what `clampLayer` throws
   */
  clamp(
    id: SnapshotID,
    layer: StoredLayer,
    seconds: number,
    compression: Compression,
    signal: AbortSignal,
  ): Promise<StoredLayer>;
  /**
   * Looks through the topmost snapshot's files for what no layer may hold, where no layer was made of them.
   * @throws what `refused` says
   */
  lookThrough(stack: Stack, signal: AbortSignal): Promise<void>;
  /** Records the blob of a layer that was packed from entries, and what is in it when no files were written. */
  save(id: SnapshotID, packed: PackedLayer, listing?: readonly ListedMember[]): Promise<StoredLayer>;
  /** As `save`, of a layer that is not yet compressed to its end: whoever asks for its blob waits for it. */
  expect(id: SnapshotID, compression: Compression, begun: BegunLayer): void;
}

/**
 * Each blob is made once by a build.
 * @param refused what no layer that is packed here may hold
 * @param members what was compressed before
 */
export function openBlobsOfLayers(
  snapshotter: Snapshotter,
  blobs: BlobStore,
  known: KnownLayers,
  { bring }: LayerBringer,
  { ensureFiles }: FilesOfLayers,
  refused: readonly RefusedContent[],
  members: KnownMembers,
): BlobsOfLayers {
  const packing = new Map<string, Promise<StoredLayer>>();

  /** Makes a blob once, and once more should it turn out damaged. */
  async function packed(
    name: string,
    compression: Compression,
    work: () => Promise<StoredLayer>,
  ): Promise<StoredLayer> {
    const key = formOf(name, compression);
    const layer = await once(packing, key, work);
    if (blobs.holds(layer.descriptor)) return layer;
    packing.delete(key);
    return once(packing, key, work);
  }

  function changesOf(stack: Stack): Iterable<LayerEntry> {
    const [upper = '', ...rest] = snapshotter.directories(topOf(stack));
    const changes = diffSnapshot(upper, snapshotter.view(stack.slice(0, -1)), rest);
    return refused.length === 0 ? changes : refuseContent(changes, refused);
  }

  async function save(
    id: SnapshotID,
    { layer, writer }: PackedLayer,
    listing?: readonly ListedMember[],
  ): Promise<StoredLayer> {
    if (listing !== undefined) await known.writeListing(id, listing);
    await traced('record layer', () => known.addBlob(id, layer, writer));
    return layer;
  }

  function ensureBlob(stack: Stack, compression: Compression, signal: AbortSignal): Promise<StoredLayer> {
    const id = topOf(stack);
    return packed(id, compression, async () => {
      const found = known.findFitting(id, compression);
      if (found === undefined) {
        await ensureFiles(stack, signal);
        return save(id, await packLayer(changesOf(stack), blobs, { compression, signal, known: members }));
      }
      await bring(id, found, signal);
      return found;
    });
  }

  const forms: FormServices = { ...known, blobs, bring, save };

  return {
    save,
    expect(id, compression, begun) {
      once(packing, formOf(id, compression), async () => save(id, await begun.packed));
    },
    ensureBlob,
    async locateBlob(stack, compression, signal) {
      const found = known.findFitting(topOf(stack), compression);
      const isElsewhere = found !== undefined && !blobs.holds(found.descriptor);
      return isElsewhere ? found : ensureBlob(stack, compression, signal);
    },
    recompress: (id, layer, compression, signal) =>
      packed(`${id} recompressed`, compression, () => recompressed(forms, id, layer, compression, signal)),
    clamp: (id, layer, seconds, compression, signal) =>
      packed(`${id} clamped ${seconds}`, compression, () =>
        clamped(forms, id, layer, seconds, compression, signal),
      ),
    async lookThrough(stack, signal) {
      if (refused.length === 0 || known.recordOf(topOf(stack)) !== undefined) return;
      await readThrough(changesOf(stack), signal);
    },
  };
}

/** What a blob is made once as. */
function formOf(name: string, { algorithm, level }: Compression): string {
  return `${name} ${algorithm} ${level ?? ''}`;
}

function topOf(stack: Stack): SnapshotID {
  return stack.at(-1) ?? '';
}
