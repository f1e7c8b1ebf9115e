/** What goes into a cache, from the store or from where this build had it. */
import { createHash } from 'node:crypto';
import { maskRecipe } from '../../cache/mask.ts';
import { selectionsOf } from '../../cache/share/recipe-mentions.ts';
import type { StepRecord } from '../../cache/step-cache.ts';
import type { BlobInfo, BlobStore } from '../../content/blob-store.ts';
import { type BlobDigest, type Digest, digestFromHex } from '../../core/digest.ts';
import { IntegrityError } from '../../core/errors.ts';
import type { Compression } from '../../layer/compression.ts';
import type { Descriptor, StoredLayer } from '../../oci/descriptor.ts';
import { layerCompression } from '../../oci/media-type.ts';
import type { VertexID } from '../../plan/vertex.ts';
import type { SnapshotID } from '../../snapshot/snapshotter.ts';
import { layerChain } from '../layer-chain.ts';
import type { CacheSpec } from '../options.ts';
import type { BuildSession } from '../session.ts';
import { mountChoice } from './cache-spec.ts';
import { type GatheredMount, gatherMounts } from './gather-mounts.ts';

export interface GatheredCache {
  readonly steps: readonly StepRecord[];
  readonly layers: ReadonlyMap<SnapshotID, StoredLayer>;
  readonly mounts: ReadonlyMap<string, GatheredMount>;
  readonly lists: ReadonlyMap<Digest, { readonly info: BlobInfo; readonly bytes: Uint8Array }>;
}

/** The records of the steps: all of them with `mode=max`, those of the image's own layers otherwise. */
export async function gatherCache(
  session: BuildSession,
  spec: CacheSpec,
  scratch: BlobStore,
): Promise<GatheredCache> {
  const { attributes } = spec;
  const steps = new Map<string, StepRecord>();
  const layers = new Map<SnapshotID, StoredLayer>();
  const lists = new Map<Digest, { info: BlobInfo; bytes: Uint8Array }>();
  for (const { plan, accounts } of session.accounts) {
    const ids: readonly VertexID[] = attributes.mode === 'max' ? [...plan.vertices.keys()] : layerChain(plan);
    for (const id of ids) {
      const { key, result } = accounts.get(id) ?? {};
      if (key === undefined) continue;
      const record = recordOf(session, key.digest);
      if (record === undefined) continue;
      const whole = (result?.stack ?? record.stack).map(({ snapshot }) => snapshot);
      const found = await layersOf(session, record, whole, attributes);
      if (found === undefined) continue;
      for (const [snapshot, layer] of found) layers.set(snapshot, layer);
      const { from: _, ...own } = record;
      // What this build asked is what the next one asks.
      const recipe = maskRecipe(key.recipe);
      steps.set(key.digest, { ...own, recipe });
      for (const selection of selectionsOf(recipe)) {
        const bytes = session.store.fileLists.bytes(selection);
        if (bytes !== undefined) lists.set(selection, { info: infoOf(bytes), bytes });
      }
    }
  }
  const mounts = await gatherMounts(session, mountChoice(spec), compressionOf(attributes), scratch);
  return { steps: [...steps.values()], layers, mounts, lists };
}

/** The record to pass on: the store's if all it names can be had, else that of an import. */
function recordOf({ store, bases, imports }: BuildSession, key: Digest): StepRecord | undefined {
  const own = store.steps.find(key);
  const isWhole = own?.stack.every(
    ({ snapshot }) =>
      bases.provides(snapshot) || store.layers.isAvailable(snapshot) || imports.provides(snapshot),
  );
  return isWhole ? own : imports.find(key)[0]?.record;
}

/** How layers are compressed that have no blob yet. */
function compressionOf({ compression, 'compression-level': level }: CacheSpec['attributes']): Compression {
  const algorithm = compression === 'zstd' || compression === 'uncompressed' ? compression : 'gzip';
  return level === undefined ? { algorithm } : { algorithm, level: Number(level) };
}

/**
 * The layers a record names above its base, packed where they are not yet, and compressed anew where that is
 * forced; undefined when one is lost.
 */
async function layersOf(
  { store, imports, io }: BuildSession,
  record: StepRecord,
  whole: readonly SnapshotID[],
  attributes: CacheSpec['attributes'],
): Promise<ReadonlyMap<SnapshotID, StoredLayer> | undefined> {
  const compression = compressionOf(attributes);
  const isForced = attributes['force-compression'] === 'true';
  const found = new Map<SnapshotID, StoredLayer>();
  for (const [index, { snapshot, createdAt }] of record.stack.entries()) {
    if (createdAt === undefined) continue;
    const known =
      store.layers.findBlob(snapshot) ?? imports.all().flatMap((each) => each.layer(snapshot) ?? [])[0];
    if (known !== undefined) {
      const isOther = layerCompression(known.descriptor.mediaType) !== compression.algorithm;
      const layer =
        isForced && isOther ? await store.layers.recompress(snapshot, known, compression, io.signal) : known;
      found.set(snapshot, layer);
      continue;
    }
    const stack = record.standsAlone
      ? whole
      : record.stack.slice(0, index + 1).map((layer) => layer.snapshot);
    try {
      found.set(snapshot, await store.layers.ensureBlob(stack, compression, io.signal));
    } catch (error) {
      if (error instanceof IntegrityError && error.code === 'snapshot-lost') return undefined;
      throw error;
    }
  }
  return found;
}

function infoOf(bytes: Uint8Array): BlobInfo {
  const digest = digestFromHex<BlobDigest>(createHash('sha256').update(bytes).digest('hex'));
  return { digest, size: bytes.length };
}

/** The blobs of a cache wherever they are; a layer that only an import has is fetched when it is read. */
export function everywhere(
  { store, bases, imports, io }: BuildSession,
  scratch: BlobStore,
  { layers, mounts, lists }: GatheredCache,
): BlobStore {
  const main = store.blobs;
  const listed = new Map([...lists.values()].map(({ info, bytes }) => [info.digest, bytes]));
  const all = [...layers.values(), ...[...mounts.values()].map(({ layer }) => layer)];
  const descriptors = new Map(all.map(({ descriptor }) => [descriptor.digest, descriptor]));
  const holderOf = (digest: BlobDigest) => (scratch.has(digest) ? scratch : main);
  const bring = async (descriptor: Descriptor) => {
    if (scratch.has(descriptor.digest) || main.has(descriptor.digest)) return;
    await (bases.canFetch(descriptor) ? bases : imports).fetch(descriptor, io.signal);
  };
  return {
    ...main,
    has: (digest) => holderOf(digest).has(digest),
    size: (digest) => holderOf(digest).size(digest),
    path: (digest) => holderOf(digest).path(digest),
    read: (info, limit) => holderOf(info.digest).read(info, limit),
    async *open(info) {
      const bytes = listed.get(info.digest);
      if (bytes !== undefined) {
        yield bytes;
        return;
      }
      const descriptor = descriptors.get(info.digest);
      if (descriptor !== undefined) await bring(descriptor);
      yield* holderOf(info.digest).open(info);
    },
  };
}
