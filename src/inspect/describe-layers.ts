import type { Digest } from '../core/digest.ts';
import { chainIDs } from '../oci/chain-id.ts';
import { findLayerCompression } from '../oci/media-type.ts';
import type { CatalogImage } from './catalog.ts';
import { instructionOf } from './layers/instruction.ts';
import { historyOfLayers } from './layers/layer-history.ts';
import { sharers } from './layers/sharing.ts';
import type { OpenedImage } from './open/opened-image.ts';
import type { HistoryReport, LayerReport, LayerSource } from './report.ts';
import type { StackedLayer } from './stack-layers.ts';

/** What was found out of the layers of an image besides its documents. */
interface LayerFacts {
  /** Their files, as far as they could be read. */
  readonly layers: readonly StackedLayer[];
  /** How many are the base image's. */
  readonly baseCount: number;
  /** Bytes of each that later ones hide. */
  readonly hiddenByLayer: readonly number[];
  /** Images that may have them too. */
  readonly catalog: readonly CatalogImage[];
  /** Which step of a build made each. */
  readonly sources: ReadonlyMap<Digest, LayerSource>;
}

/** Each layer, the lowest first: its blob, its files, and where it comes from. */
export function describeLayers(
  { manifest, config }: OpenedImage,
  { layers, baseCount, hiddenByLayer, catalog, sources }: LayerFacts,
): LayerReport[] {
  const chain = chainIDs(config.rootfs.diff_ids);
  const history = historyOfLayers(config);
  return manifest.layers.map(({ digest, mediaType, size }, index): LayerReport => {
    const diffID = config.rootfs.diff_ids[index];
    const entry = history[index];
    const layer = layers[index];
    const images = sharers(diffID, catalog, manifest.config.digest);
    return {
      index,
      isBase: index < baseCount,
      digest,
      diffID: diffID ?? null,
      chainID: chain[index] ?? null,
      mediaType,
      compression: findLayerCompression(mediaType) ?? null,
      size: {
        stored: size,
        tar: layer?.tree.tarSize ?? 0,
        content: layer?.contentSize ?? 0,
        hidden: hiddenByLayer[index] ?? 0,
      },
      files: layer?.counts ?? { added: 0, changed: 0, removed: 0 },
      instruction: instructionOf(entry?.created_by ?? ''),
      createdBy: entry?.created_by ?? null,
      created: entry?.created ?? null,
      source: sources.get(digest) ?? null,
      sharedWith: images.map(({ names, manifest: other }) => names[0] ?? other),
    };
  });
}

/** The history of the config, each entry with its layer where the history tells of all layers. */
export function describeHistory({ config }: OpenedImage): HistoryReport[] {
  const accountsForAll = historyOfLayers(config).every((entry) => entry !== undefined);
  let layers = 0;
  return (config.history ?? []).map(({ empty_layer, created_by, created, author, comment }) => ({
    layer: empty_layer === true || !accountsForAll ? null : layers++,
    instruction: instructionOf(created_by ?? ''),
    createdBy: created_by ?? null,
    created: created ?? null,
    author: author ?? null,
    comment: comment ?? null,
  }));
}
