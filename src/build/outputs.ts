/** Where the result of a build goes: each `--output` checked before anything runs, and written when all has run. */
import { resolve } from 'node:path';
import type { Writable } from 'node:stream';
import type { BlobStore } from '../content/blob-store.ts';
import { UsageError } from '../core/errors.ts';
import type { FileTree } from '../core/file-tree.ts';
import { suggest } from '../core/suggest.ts';
import type { StreamDestination } from '../export/destination.ts';
import { exportDocker } from '../export/docker.ts';
import type { ExportImage } from '../export/image.ts';
import { exportLocal } from '../export/local.ts';
import { exportOCI, type LayoutDestination } from '../export/oci.ts';
import { exportTar } from '../export/root-tar.ts';
import type { Compression } from '../layer/compression.ts';
import type { OutputSpec } from './options.ts';

/** What the exporters take from. */
export interface OutputSources {
  /** Absent when no output is an image. */
  readonly image?: ExportImage;
  readonly blobs: BlobStore;
  /** The root filesystem of the image, for the outputs that are files and no image. */
  openTree(): Promise<FileTree>;
  readonly signal: AbortSignal;
}

export interface Output {
  /** For progress: `exporting to oci archive app.tar`. */
  readonly label: string;
  /** Names given with `name=`, beside those of `--tag`. */
  readonly names: readonly string[];
  /** Whether the output is an image, with a config and layers, or only its files. */
  readonly isImage: boolean;
  /** Whether the image is named in the local store. */
  readonly isStored: boolean;
  write(sources: OutputSources): Promise<void>;
}

const known = ['tar', 'name', 'compression', 'compression-level', 'oci-mediatypes'];

/**
 * Reads an output.
 * @throws UsageError `bad-output`
 */
export function openOutput(spec: OutputSpec, stdout: Writable): Output {
  for (const key of Object.keys(spec.attributes)) {
    if (known.includes(key)) continue;
    const near = suggest(key, known);
    throw new UsageError('bad-output', `--output type=${spec.type} does not know "${key}"`, {
      hint: near === undefined ? `it knows dest, ${known.join(', ')}` : `did you mean "${near}"?`,
    });
  }
  const names = (spec.attributes.name ?? '').split(',').filter((name) => name !== '');
  const isStored = spec.type === 'store' || spec.type === 'image';
  return { names, isImage: isImage(spec), isStored, ...writerOf(spec, stdout) };
}

/**
 * How new layers are compressed: as the first output that is an image says, gzip otherwise; undefined when
 * none is. All outputs of a build share the layers.
 * @throws UsageError `bad-output`
 */
export function compressionOf(outputs: readonly OutputSpec[]): Compression | undefined {
  const images = outputs.filter(isImage);
  if (outputs.length > 0 && images.length === 0) return undefined;
  const attribute = (name: string) => images.find((image) => image.attributes[name])?.attributes[name];
  const algorithm = attribute('compression') ?? 'gzip';
  if (algorithm !== 'gzip' && algorithm !== 'zstd' && algorithm !== 'uncompressed') {
    throw new UsageError('bad-output', `compression=${algorithm}: there is no such compression`, {
      hint: 'gzip, zstd or uncompressed',
    });
  }
  const level = attribute('compression-level');
  if (level === undefined) return { algorithm };
  if (/^[0-9]{1,2}$/.test(level)) return { algorithm, level: Number(level) };
  throw new UsageError('bad-output', `compression-level=${level} is not a number`);
}

function isImage({ type }: OutputSpec): boolean {
  return type !== 'tar' && type !== 'local';
}

function writerOf(spec: OutputSpec, stdout: Writable): Pick<Output, 'label' | 'write'> {
  const { type, dest } = spec;
  switch (type) {
    case 'oci': {
      const to = layoutDestination(spec, stdout);
      return {
        label: `exporting to oci image layout ${dest}`,
        write: ({ image, blobs, signal }) => exportOCI(some(image), blobs, to, signal),
      };
    }
    case 'docker': {
      const to = streamDestination(spec, stdout);
      return {
        label: `exporting to docker archive ${dest}`,
        write: ({ image, blobs, signal }) => exportDocker(some(image), blobs, to, signal),
      };
    }
    case 'tar': {
      const to = streamDestination(spec, stdout);
      return {
        label: `exporting root filesystem to tar ${dest}`,
        write: async ({ openTree, signal }) => exportTar(await openTree(), to, signal),
      };
    }
    case 'local': {
      const directory = resolve(needDest(spec));
      return {
        label: `exporting root filesystem to ${dest}`,
        write: async ({ openTree, signal }) =>
          exportLocal(await openTree(), directory, process.geteuid?.() === 0, signal),
      };
    }
    case 'store':
    case 'image':
      return { label: 'naming the image in the local store', write: async () => {} };
    case 'registry':
      throw new UsageError('bad-output', 'type=registry is not supported yet', {
        hint: 'write type=oci,dest=app.tar and push it with `skopeo copy oci-archive:app.tar docker://…`',
      });
  }
}

function some(image: ExportImage | undefined): ExportImage[] {
  return image === undefined ? [] : [image];
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
