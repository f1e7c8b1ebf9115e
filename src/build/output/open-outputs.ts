/** Where the result of a build goes: each `--output` checked before anything runs, and written when all has run. */
import { resolve } from 'node:path';
import type { Writable } from 'node:stream';
import type { BlobStore } from '../../content/blob-store.ts';
import { UsageError } from '../../core/errors.ts';
import type { FileTree } from '../../core/file-tree.ts';
import type { Reference } from '../../core/image-reference.ts';
import { platformFromNode } from '../../core/platform.ts';
import { suggest } from '../../core/suggest.ts';
import type { StreamDestination } from '../../export/destination.ts';
import { exportDocker, manyPlatforms } from '../../export/docker.ts';
import { checkImages, type ExportImage } from '../../export/image.ts';
import { exportLocal } from '../../export/local.ts';
import { exportOCI, type LayoutDestination } from '../../export/oci.ts';
import { assertDisjoint, type PlatformTree, splitByPlatform } from '../../export/platform-trees.ts';
import { exportTar } from '../../export/root-tar.ts';
import type { Compression } from '../../layer/compression.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { parseReference, printReference } from '../../registry/reference.ts';
import { isStartedByRoot } from '../../sys/user-namespace/enter.ts';
import type { BuildOptions, OutputSpec } from '../options.ts';
import { isIndexed, platformsOf } from '../platforms.ts';
import { formKeys, formOf, type ImageForm, isAnnotationKey, sharedAlgorithm } from './image-form.ts';

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

const known = ['tar', 'name', 'push', 'push-by-digest', 'name-canonical', 'platform-split', ...formKeys];

/**
 * Reads the outputs of a build.
 * @throws UsageError `bad-output`, `bad-annotation`
 */
export function openOutputs(options: BuildOptions, stdout: Writable): Output[] {
  const { outputs, annotations } = options;
  const host = platformFromNode(process.arch);
  const algorithm = sharedAlgorithm(options);
  const platformCount = platformsOf(options).length;
  const hasIndex = isIndexed(options);
  const defaults = { annotations, isIndexed: hasIndex, host, algorithm };
  return outputs.map((spec) => {
    checkKeys(spec);
    if (spec.type === 'docker' && platformCount > 1) throw manyPlatforms(platformCount);
    const form = isImage(spec) ? { form: formOf(spec, defaults) } : {};
    const own = (spec.attributes.name ?? '').split(',').filter((name) => name !== '');
    const names = [...new Set([...options.tags, ...own].map((name) => printReference(parseReference(name))))];
    const isStored = spec.type === 'store' || spec.type === 'image';
    const writer = writerOf(spec, names, stdout, hasIndex);
    return { names, isStored, isRemote: spec.type === 'registry', ...form, ...writer };
  });
}

function checkKeys({ type, attributes }: OutputSpec): void {
  for (const key of Object.keys(attributes)) {
    if (known.includes(key) || isAnnotationKey(key)) continue;
    const near = suggest(key, known);
    throw new UsageError('bad-output', `--output type=${type} does not know "${key}"`, {
      hint: near === undefined ? `it knows dest, ${known.join(', ')}` : `did you mean "${near}"?`,
    });
  }
}

function isImage({ type }: OutputSpec): boolean {
  return type !== 'tar' && type !== 'local';
}

function writerOf(
  spec: OutputSpec,
  names: readonly string[],
  stdout: Writable,
  hasIndex: boolean,
): Pick<Output, 'label' | 'write'> {
  const { type, dest } = spec;
  switch (type) {
    case 'oci': {
      const to = layoutDestination(spec, stdout);
      return {
        label: `exporting to oci image layout ${dest}`,
        write: imageWriter(to, exportOCI),
      };
    }
    case 'docker': {
      const to = layoutDestination(spec, stdout);
      return {
        label: `exporting to docker archive ${dest}`,
        write: imageWriter(to, exportDocker),
      };
    }
    case 'tar': {
      const to = streamDestination(spec, stdout);
      return {
        label: `exporting root filesystem to tar ${dest}`,
        write: async ({ openTrees, signal }) => {
          const trees = await openTrees();
          const [only] = trees;
          const isOne = only !== undefined && !hasIndex;
          await exportTar(isOne ? only.tree : splitByPlatform(trees), to, signal);
        },
      };
    }
    case 'local': {
      const directory = resolve(needDest(spec));
      return {
        label: `exporting root filesystem to ${dest}`,
        write: async ({ openTrees, signal }) => {
          const keepsOwners = isStartedByRoot();
          for (const tree of placed(await openTrees(), spec, hasIndex)) {
            await exportLocal(tree, directory, keepsOwners, signal);
          }
        },
      };
    }
    case 'store':
      return { label: storeLabel, write: async () => {} };
    case 'image':
      if (spec.attributes.push !== 'true') return { label: storeLabel, write: async () => {} };
      return { label: pushLabel(names), write: pushWriter(spec, names) };
    case 'registry':
      return { label: pushLabel(names), write: pushWriter(spec, names) };
  }
}

const storeLabel = 'naming the image in the local store';

function pushLabel(names: readonly string[]): string {
  return `pushing ${names.join(', ')}`;
}

function pushWriter({ type, attributes }: OutputSpec, names: readonly string[]): Output['write'] {
  if (names.length === 0) {
    throw new UsageError('bad-output', `--output type=${type}: an image without a name cannot be pushed`, {
      hint: 'the registry is a part of the name: --tag registry.example.org/team/app:1',
    });
  }
  const isByDigest = attributes['push-by-digest'] === 'true';
  const references = names.map((name) => {
    const { registry, repository, tag } = parseReference(name);
    return { registry, repository, ...(isByDigest || tag === undefined ? {} : { tag }) };
  });
  return async ({ image, push }) => {
    if (image !== undefined) await push(image.manifest, references);
  };
}

function imageWriter(to: LayoutDestination, write: typeof exportOCI): Output['write'] {
  return async ({ image, blobs, signal }) => {
    const images = image === undefined ? [] : [image];
    if (to.kind === 'stream') {
      await checkImages(
        images.map(({ manifest }) => manifest),
        blobs,
      );
    }
    await write(images, blobs, to, signal);
  };
}

/** What goes to one place: each platform in a directory of its own when there may be several, or where that is asked for. */
function placed(
  trees: readonly PlatformTree[],
  { attributes }: OutputSpec,
  hasIndex: boolean,
): readonly FileTree[] {
  const isSplit = attributes['platform-split'] ?? String(hasIndex);
  if (isSplit === 'true') return [splitByPlatform(trees)];
  assertDisjoint(trees);
  return trees.map(({ tree }) => tree);
}

function layoutDestination(spec: OutputSpec, stdout: Writable): LayoutDestination {
  if (spec.attributes.tar === 'false') return { kind: 'directory', path: resolve(needDest(spec)) };
  return streamDestination(spec, stdout);
}

function streamDestination(spec: OutputSpec, stdout: Writable): StreamDestination {
  const dest = needDest(spec);
  return dest === '-' ? { kind: 'stream', stream: stdout } : { kind: 'file', path: resolve(dest) };
}

function needDest({ type, dest }: OutputSpec): string {
  if (dest !== undefined && dest !== '') return dest;
  throw new UsageError('bad-output', `--output type=${type} needs a destination`, {
    hint: `for example --output type=${type},dest=${type === 'local' ? 'out' : 'app.tar'}; dest=- is standard output`,
  });
}
