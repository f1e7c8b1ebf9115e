import type { BlobStore } from '../../content/blob-store.ts';
import type { Reference } from '../../core/image-reference.ts';
import type { ExportImage } from '../../export/image.ts';
import type { PlatformTree } from '../../export/platform-trees.ts';
import type { Compression } from '../../layer/compression.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { ImageForm } from './image-form.ts';

/** Where the result of a build goes: checked before anything runs, and written when all has run. */
export interface Output {
  /** For progress: `exporting to oci archive app.tar`. */
  readonly label: string;
  /** What the image is called there, in full. */
  readonly names: readonly string[];
  /** How the image is dressed; absent when the output is the image's files and no image. */
  readonly form?: ImageForm;
  /** Whether the image is named in the local store. */
  readonly isStored: boolean;
  /** Whether it is sent to registries, and nothing of it need stay here. */
  readonly isRemote: boolean;
  write(sources: OutputSources): Promise<void>;
}

/** What the exporters take from. */
export interface OutputSources {
  /** Absent when the output is files and no image. */
  readonly image?: ExportImage;
  readonly blobs: BlobStore;
  /** The root filesystems of the image, for the outputs that are files and no image. */
  openTrees(): Promise<readonly PlatformTree[]>;
  /** Sends the image to the registries that names begin with. */
  push(image: Descriptor, names: readonly Reference[]): Promise<void>;
  readonly signal: AbortSignal;
}

/** What outputs ask of the layers of an image. */
export interface LayerWish {
  readonly compression: Compression;
  /** They all go to registries, which may have them: bytes that are not here need not come. */
  readonly mayBeRemote: boolean;
}

/** Undefined when no output is an image. New layers are packed while steps run, as the first output wants them. */
export function layerWish(outputs: readonly Output[]): LayerWish | undefined {
  const images = outputs.filter(({ form }) => form !== undefined);
  const compression = images[0]?.form?.compression;
  if (compression === undefined) return undefined;
  return { compression, mayBeRemote: images.every(({ isRemote }) => isRemote) };
}
