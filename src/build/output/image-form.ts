/** How an image is dressed for an output: same files and config, other layers' bytes and other words about it. */
import { UsageError } from '../../core/errors.ts';
import type { Platform } from '../../core/platform.ts';
import type { Compression } from '../../layer/compression.ts';
import type { BuildOptions, OutputSpec } from '../options.ts';
import { type Annotation, parseAnnotationPlace } from './annotations.ts';

const algorithms = ['gzip', 'zstd', 'uncompressed'] as const;

export interface ImageForm {
  readonly compression: Compression;
  /** Layers of the base too, and those that are stored with another level. */
  readonly isForced: boolean;
  /** No time in the layers of this build is later than SOURCE_DATE_EPOCH. */
  readonly clampsTimes: boolean;
  /** Whose media types stand in manifest and index. */
  readonly mediaTypes: 'oci' | 'docker';
  readonly annotations: readonly Annotation[];
}

/** What is said of the build as a whole. */
export interface FormDefaults {
  /** Of `--annotation`. */
  readonly annotations: readonly Annotation[];
  readonly isIndexed: boolean;
  readonly host: Platform;
  /** Of outputs that name none. */
  readonly algorithm: Compression['algorithm'];
}

/** What outputs that name no algorithm share: that of the first which does, else the one that is set for all builds. */
export function sharedAlgorithm({
  outputs,
  compression = 'gzip',
}: Pick<BuildOptions, 'outputs' | 'compression'>): Compression['algorithm'] {
  const named = outputs.map(({ attributes }) => attributes.compression);
  return algorithms.find((each) => each === named.find((name) => name !== undefined)) ?? compression;
}

/** Keys of an output that make its form; any number of annotations besides. */
export const formKeys = [
  'compression',
  'compression-level',
  'force-compression',
  'oci-mediatypes',
  'rewrite-timestamp',
] as const;

const annotationKey = /^annotation(?:-([^.]+))?(?=[.[])(\[[^\]]*\])?\.(.+)$/s;

/** `annotation.KEY`, with `-LEVEL` or `-LEVEL[PLATFORM]` behind the first word. */
export function isAnnotationKey(key: string): boolean {
  return annotationKey.test(key);
}

/**
 * Reads the form that an output wants.
 * @throws UsageError `bad-output`, `bad-annotation`
 */
export function formOf({ type, attributes }: OutputSpec, defaults: FormDefaults): ImageForm {
  const annotations = [...defaults.annotations, ...annotationsOf(attributes, defaults.host)];
  const mediaTypes = attributes['oci-mediatypes'] === 'false' ? 'docker' : 'oci';
  const compression = readCompression(attributes, mediaTypes === 'docker' ? 'gzip' : defaults.algorithm);
  const misplaced = annotations.find(({ level }) => level === 'index' || level === 'index-descriptor');
  if (misplaced !== undefined && !defaults.isIndexed) {
    throw new UsageError(
      'bad-annotation',
      `"${misplaced.name}" is an annotation of an index, and there is none`,
      {
        hint: 'an image of one platform has a manifest only: annotate that, or build for several platforms',
      },
    );
  }
  if (mediaTypes === 'docker' && (annotations.length > 0 || compression.algorithm === 'zstd')) {
    const what = annotations.length > 0 ? 'annotations' : 'zstd';
    throw new UsageError('bad-output', `--output type=${type}: Docker's media types know no ${what}`, {
      hint: 'leave out oci-mediatypes=false',
    });
  }
  return {
    compression,
    isForced: attributes['force-compression'] === 'true',
    clampsTimes: attributes['rewrite-timestamp'] === 'true',
    mediaTypes,
    annotations,
  };
}

function annotationsOf(attributes: OutputSpec['attributes'], host: Platform): Annotation[] {
  return Object.entries(attributes).flatMap(([key, value]) => {
    const match = annotationKey.exec(key);
    if (match === null) return [];
    const [, level = 'manifest', platform = '', name = ''] = match;
    return [{ ...parseAnnotationPlace(`${level}${platform}`, `--output ${key}=…`, host), name, value }];
  });
}

function readCompression(
  attributes: OutputSpec['attributes'],
  defaultAlgorithm: Compression['algorithm'],
): Compression {
  const wanted = attributes.compression ?? defaultAlgorithm;
  const algorithm = algorithms.find((each) => each === wanted);
  const level = attributes['compression-level'];
  if (algorithm === undefined) {
    throw new UsageError(
      'bad-output',
      `compression=${attributes.compression}: there is no such compression`,
      {
        hint: algorithms.join(', '),
      },
    );
  }
  if (level === undefined) return { algorithm };
  const highest = { gzip: 9, zstd: 22, uncompressed: 22 }[algorithm];
  if (/^[0-9]{1,2}$/.test(level) && Number(level) <= highest) return { algorithm, level: Number(level) };
  throw new UsageError(
    'bad-output',
    `compression-level=${level}: ${algorithm} has levels from 0 to ${highest}`,
  );
}
