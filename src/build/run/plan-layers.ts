/**
 * What the steps of one plan leave, as their build wants it: packed as layers of the image, or put in place as files.
 * Either way no new layer may hold a secret; one that does is told of with its step, and does not stay.
 */
import type { StackLayer } from '../../cache/step-cache.ts';
import { assert } from '../../core/assert.ts';
import type { SourceText } from '../../core/source/span.ts';
import { onTrack, traced } from '../../core/trace.ts';
import type { Compression } from '../../layer/compression.ts';
import type { StoredLayer } from '../../oci/descriptor.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Vertex } from '../../plan/vertex.ts';
import type { Stack } from '../../snapshot/snapshotter.ts';
import type { LayerWish } from '../output/output.ts';
import { openLeakedLayers } from '../secrets/leaked-layers.ts';
import type { BuildSession } from '../session.ts';
import { layerChain } from './layer-chain.ts';

export interface PlanLayers {
  /** Of the image's layers; undefined when only files are wanted. */
  readonly compression: Compression | undefined;
  /** Whether the image has the layer of a vertex. */
  isExported(vertex: Vertex): boolean;
  /** A step was run: what it left on top is packed behind the next step, if the image has it. */
  made(vertex: Vertex, stack: readonly StackLayer[]): void;
  /** The layers above the base, lowest first. @param stack the filesystem of the image */
  packed(stack: readonly StackLayer[]): Promise<readonly StoredLayer[]>;
  /** Puts the files of the image in place; looks for secrets in those that are new. */
  files(stack: readonly StackLayer[]): Promise<void>;
}

/**
 * @param source the Dockerfile, for the place of a step that left a secret
 * @param wish undefined when only files are wanted
 */
export function openPlanLayers(
  plan: Plan,
  { store, io }: BuildSession,
  source: SourceText,
  wish: LayerWish | undefined,
): PlanLayers {
  const { layers, snapshotter } = store;
  const leaks = openLeakedLayers(source, snapshotter);
  const exported = new Set(wish === undefined ? [] : layerChain(plan));
  const baseCount = plan.image.base?.diffIDs.length ?? 0;

  /** Every filesystem above the base that ends in a new layer, lowest first. */
  function newStacks(stack: readonly StackLayer[]): Stack[] {
    const snapshots = snapshotsOf(stack);
    return snapshots.slice(baseCount).map((_, index) => snapshots.slice(0, baseCount + index + 1));
  }

  async function pack(stack: Stack): Promise<StoredLayer> {
    assert(wish !== undefined, 'layers are asked for only where an image is wanted');
    const ensure = wish.mayBeRemote ? layers.locateBlob : layers.ensureBlob;
    try {
      return await onTrack('layers', () => traced('layer', () => ensure(stack, wish.compression, io.signal)));
    } catch (error) {
      throw leaks.met(stack.at(-1) ?? '', error);
    }
  }

  return {
    compression: wish?.compression,
    isExported: ({ id }) => exported.has(id),
    made(vertex, stack) {
      const snapshots = snapshotsOf(stack);
      const own = snapshots.at(-1);
      if (own !== undefined) leaks.madeBy(own, vertex);
      // A failure is met again when the image asks for the layer.
      if (exported.has(vertex.id)) pack(snapshots).catch(() => {});
    },
    async packed(stack) {
      const all = await Promise.allSettled(newStacks(stack).map(pack));
      await leaks.remove();
      return all.map((each) => {
        if (each.status === 'rejected') throw each.reason;
        return each.value;
      });
    },
    async files(stack) {
      await layers.ensureFiles(snapshotsOf(stack), io.signal);
      try {
        for (const each of newStacks(stack)) {
          await layers.lookThrough(each, io.signal).catch((error: unknown) => {
            throw leaks.met(each.at(-1) ?? '', error);
          });
        }
      } finally {
        await leaks.remove();
      }
    },
  };
}

function snapshotsOf(stack: readonly StackLayer[]): Stack {
  return stack.map((layer) => layer.snapshot);
}
