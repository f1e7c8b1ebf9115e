import { resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { UsageError } from '../../core/errors.ts';
import type { FileTree } from '../../core/file-tree.ts';
import { checkDestination, type StreamDestination } from '../../export/destination.ts';
import { exportDocker } from '../../export/docker.ts';
import { checkImages } from '../../export/image.ts';
import { exportLocal } from '../../export/local/export-local.ts';
import { exportOCI, type LayoutDestination } from '../../export/oci.ts';
import { mergePlatforms, type PlatformTree, splitByPlatform } from '../../export/platform-trees.ts';
import { exportTar } from '../../export/root-tar.ts';
import { parseReference } from '../../registry/reference.ts';
import { isStartedByRoot } from '../../sys/user-namespace/enter.ts';
import type { OutputSpec } from '../options.ts';
import type { Output } from './output.ts';

/**
 * Says what an output is called in the progress, and how it is written.
 * @param names what the image is called there, in full
 * @param hasIndex whether the result has several platforms, or was asked for as if
 * @throws UsageError `bad-output` when it lacks a destination or a name; HostError `output-unusable` when its file has
 *   no place
 */
export function writerOf(
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
          await exportTar(placed(await openTrees(), spec, hasIndex), to, signal);
        },
      };
    }
    case 'local': {
      const directory = resolve(needDest(spec));
      return {
        label: `exporting root filesystem to ${dest}`,
        write: async ({ openTrees, signal }) => {
          const isRoot = isStartedByRoot();
          await exportLocal(placed(await openTrees(), spec, hasIndex), directory, isRoot, signal);
        },
      };
    }
    case 'store':
      return { label: storeLabel, write: async () => {} };
    case 'cacheonly':
      return { label: 'keeping the steps in the cache', write: async () => {} };
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
function placed(trees: readonly PlatformTree[], { attributes }: OutputSpec, hasIndex: boolean): FileTree {
  const isSplit = attributes['platform-split'] ?? String(hasIndex);
  if (isSplit === 'true') return splitByPlatform(trees);
  const [only, ...others] = trees;
  return only !== undefined && others.length === 0 ? only.tree : mergePlatforms(trees);
}

function layoutDestination(spec: OutputSpec, stdout: Writable): LayoutDestination {
  if (spec.attributes.tar === 'false') return { kind: 'directory', path: resolve(needDest(spec)) };
  return streamDestination(spec, stdout);
}

function streamDestination(spec: OutputSpec, stdout: Writable): StreamDestination {
  const dest = needDest(spec);
  if (dest === '-') return { kind: 'stream', stream: stdout };
  const file = { kind: 'file', path: resolve(dest) } as const;
  checkDestination(file);
  return file;
}

function needDest({ type, dest }: OutputSpec): string {
  if (dest !== undefined && dest !== '') return dest;
  throw new UsageError('bad-output', `--output type=${type} needs a destination`, {
    hint: `for example --output type=${type},dest=${type === 'local' ? 'out' : 'app.tar'}; dest=- is standard output`,
  });
}
