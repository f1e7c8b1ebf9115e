/** What was built, dressed as an output wants it. */
import { type AssembledImage, assembleImage, assembleIndex } from '../../export/assemble.ts';
import type { Descriptor, StoredLayer } from '../../oci/descriptor.ts';
import { layerCompression } from '../../oci/media-type.ts';
import type { ImageContent, PlatformBuild } from '../build-platform.ts';
import { isIndexed } from '../platforms.ts';
import type { BuildSession } from '../session.ts';
import { annotationsAt } from './annotations.ts';
import type { ImageForm } from './image-form.ts';

export interface ShapedImage {
  /** The manifest of the one platform, or an index. */
  readonly root: Descriptor;
  /** In the order of the platforms. */
  readonly images: readonly AssembledImage[];
}

/** Makes the image in any form, each form once. */
export type ShapeImage = (form: ImageForm) => Promise<ShapedImage>;

/** Its function throws what recompressing layers throws: `zstd-missing`, `disk-full`, … */
export function imageShaper(session: BuildSession, builds: readonly PlatformBuild[]): ShapeImage {
  const known = new Map<string, Promise<ShapedImage>>();
  return (form) => {
    const key = JSON.stringify(form);
    const made = known.get(key) ?? shape(session, builds, form);
    known.set(key, made);
    return made;
  };
}

async function shape(
  session: BuildSession,
  builds: readonly PlatformBuild[],
  form: ImageForm,
): Promise<ShapedImage> {
  const { blobs } = session.store;
  const { mediaTypes, annotations } = form;
  const images: AssembledImage[] = [];
  if (form.clampsTimes && builds.some(({ plan }) => plan.image.epochSeconds === undefined)) {
    const text = 'rewrite-timestamp=true changes nothing without --build-arg SOURCE_DATE_EPOCH=SECONDS';
    session.io.emit({ type: 'note', text, at: session.io.now() });
  }
  for (const { content, platform, plan } of builds) {
    if (content === undefined) continue;
    const epochSeconds = form.clampsTimes ? plan.image.epochSeconds : undefined;
    const layers = await Promise.all(
      content.layers.map((layer) => dressLayer(session, layer, form, epochSeconds)),
    );
    const own = annotationsAt(annotations, 'manifest', platform);
    const image = await assembleImage(content.config, layers, blobs, { mediaTypes, annotations: own });
    const about = annotationsAt(annotations, 'manifest-descriptor', platform);
    images.push({ ...image, manifest: annotated(image.manifest, about) });
  }
  const manifests = images.map(({ manifest }) => manifest);
  const [only] = manifests;
  if (only !== undefined && !isIndexed(session.options)) return { root: only, images };
  const own = annotationsAt(annotations, 'index');
  const index = await assembleIndex(manifests, blobs, { mediaTypes, annotations: own });
  return { root: annotated(index, annotationsAt(annotations, 'index-descriptor')), images };
}

/**
 * A layer of the base is changed by force alone; one of ours when it is not compressed as was asked for.
 * @param epochSeconds no time in one of ours is later
 */
async function dressLayer(
  { store, io }: BuildSession,
  layer: ImageContent['layers'][number],
  { compression, isForced }: ImageForm,
  epochSeconds: number | undefined,
): Promise<StoredLayer> {
  if (epochSeconds !== undefined && !layer.isOfBase) {
    const clamped = await store.layers.clamp(layer.snapshot, layer, epochSeconds, compression, io.signal);
    if (clamped.diffID !== layer.diffID) return clamped;
  }
  const isOther =
    layerCompression(layer.descriptor.mediaType) !== compression.algorithm || compression.level !== undefined;
  if (!isForced && (layer.isOfBase || !isOther)) return layer;
  return store.layers.recompress(layer.snapshot, layer, compression, io.signal);
}

function annotated(descriptor: Descriptor, annotations: Readonly<Record<string, string>>): Descriptor {
  return Object.keys(annotations).length === 0 ? descriptor : { ...descriptor, annotations };
}
