/** What goes into a cache, from the store or from where this build had it. */
import { maskRecipe } from '../../cache/mask.ts';
import { selectionsOf } from '../../cache/share/recipe-mentions.ts';
import type { StepRecord } from '../../cache/step-cache.ts';
import type { BlobInfo, BlobStore } from '../../content/blob-store.ts';
import type { Digest } from '../../core/digest.ts';
import { digestBytes } from '../../core/digest-bytes.ts';
import type { StoredLayer } from '../../oci/descriptor.ts';
import type { VertexID } from '../../plan/vertex.ts';
import type { SnapshotID } from '../../snapshot/snapshotter.ts';
import type { CacheSpec } from '../options.ts';
import { layerChain } from '../run/layer-chain.ts';
import type { BuildSession } from '../session.ts';
import { mountChoice } from './cache-spec.ts';
import { compressionOf, gatherLayers } from './gather-layers.ts';
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
      const found = await gatherLayers(session, record, whole, attributes);
      if (found === undefined) continue;
      for (const [snapshot, layer] of found) layers.set(snapshot, layer);
      const { from: _, ...own } = record;
      // What this build asked is what the next one asks.
      const recipe = maskRecipe(key.recipe);
      steps.set(key.digest, { ...own, recipe });
      for (const selection of selectionsOf(recipe)) {
        const bytes = session.store.fileLists.bytes(selection);
        if (bytes !== undefined)
          lists.set(selection, { info: { digest: digestBytes(bytes), size: bytes.length }, bytes });
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
