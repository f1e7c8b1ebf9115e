import type { Digest } from '../core/digest.ts';
import { normalizePlatform, printPlatform } from '../core/platform.ts';
import type { CatalogImage } from './catalog.ts';
import { type ImageContents, readContents } from './contents.ts';
import { describeHistory, describeLayers } from './describe-layers.ts';
import { findBase, type RecordedLayers } from './layers/base.ts';
import { instructionOf } from './layers/instruction.ts';
import { historyOfLayers } from './layers/layer-history.ts';
import type { OpenedImage } from './open/opened-image.ts';
import type { ImageIdentity, ImageReport, ImageSize, LayerSource } from './report.ts';
import { type Stack, stackLayers } from './stack-layers.ts';
import { findWaste } from './waste/find-waste.ts';

/** What the store knows besides the image in question. */
export interface StoreKnowledge {
  readonly catalog: readonly CatalogImage[];
  /** What the last build of an image says of it. @param config of the image */
  buildOf(config: Digest): BuildOfImage;
}

export interface BuildOfImage {
  /** Which step made each layer, by the layer's digest; empty when no build is on record. */
  readonly sources: ReadonlyMap<Digest, LayerSource>;
  /** The image that the lowest of these steps stands on, as FROM named it, in full; undefined on scratch. */
  readonly base?: string | undefined;
}

export interface Inspection {
  readonly report: ImageReport;
  /** The files behind the report's numbers. */
  readonly stack: Stack;
}

/**
 * Reads an image whole and says what is in it. What is wrong with it is among the findings.
 * @throws HostError `zstd-missing`; IntegrityError `image-too-many-files`; what the image's source throws
 */
export async function inspectImage(image: OpenedImage, known: StoreKnowledge): Promise<Inspection> {
  return describeContents(image, await readContents(image), known);
}

/** What is in an image whose layers were read. */
export function describeContents(
  image: OpenedImage,
  contents: ImageContents,
  known: StoreKnowledge,
): Inspection {
  const stack = stackLayers(contents);
  const build = known.buildOf(image.manifest.config.digest);
  const base = findBase(image, known.catalog, recordedLayers(image, build));
  const baseCount = base?.count ?? 0;
  const makers = layerInstructions(image).map((instruction, index) => ({
    instruction,
    isInBase: index < baseCount,
  }));
  const waste = findWaste(stack, makers);
  const report: ImageReport = {
    schemaVersion: 1,
    image: identify(image),
    config: image.config.config ?? {},
    annotations: image.manifest.annotations ?? {},
    size: measure(image, stack),
    base: base ?? null,
    layers: describeLayers(image, {
      layers: stack.layers,
      baseCount,
      hiddenByLayer: waste.hiddenByLayer,
      catalog: known.catalog,
      sources: build.sources,
    }),
    history: describeHistory(image),
    efficiency: stack.efficiency,
    waste: { hiddenBytes: waste.hiddenBytes, hiddenFiles: waste.hiddenFiles, items: waste.items },
    findings: contents.findings,
  };
  return { report, stack };
}

function identify({
  reference,
  kind,
  names,
  manifestDescriptor,
  manifest,
  config,
}: OpenedImage): ImageIdentity {
  return {
    reference,
    kind,
    names,
    manifestDigest: manifestDescriptor?.digest ?? null,
    configDigest: manifest.config.digest,
    platform: printPlatform(normalizePlatform(config)),
    created: config.created ?? null,
    author: config.author ?? null,
  };
}

function measure({ manifest }: OpenedImage, { files, layers, isVisible }: Stack): ImageSize {
  const stored = new Map<Digest, number>(manifest.layers.map(({ digest, size }) => [digest, size]));
  let visible = 0;
  for (const { tree } of layers) {
    for (let file = tree.start; file < tree.end; file++) if (isVisible(file)) visible += files.sizeOf(file);
  }
  return {
    stored: sum(stored.values()),
    tar: sum(layers.map(({ tree }) => tree.tarSize)),
    content: sum(layers.map(({ contentSize }) => contentSize)),
    visible,
  };
}

function recordedLayers(
  { manifest: { layers } }: OpenedImage,
  { sources, base }: BuildOfImage,
): RecordedLayers | undefined {
  if (sources.size === 0) return undefined;
  const lastOther = layers.findLastIndex(({ digest }) => !sources.has(digest));
  return { built: layers.length - 1 - lastOther, base };
}

function layerInstructions({ config }: OpenedImage): string[] {
  return historyOfLayers(config).map((entry) => instructionOf(entry?.created_by ?? ''));
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
