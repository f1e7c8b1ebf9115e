/**
 * A cache on its way between stores: what one build knew of its steps, and where the bytes are. It is the
 * content of one small blob; docs/CACHE.md describes the artifact around it.
 */
import { promisify } from 'node:util';
import { gunzip, gzip, type ZlibOptions } from 'node:zlib';
import { type BlobDigest, type DiffID, type Digest, isDigest, type KeyDigest } from '../../core/digest.ts';
import { IntegrityError } from '../../core/errors.ts';
import { mayBeCalled } from '../../layer/layer-record.ts';
import { findLayerCompression } from '../../oci/media-type.ts';
import {
  decodeShape,
  digest,
  flag,
  integer,
  list,
  map,
  misfit,
  object,
  optional,
  type Shape,
  size,
  text,
} from '../../oci/shape.ts';
import type { SnapshotID } from '../../snapshot/snapshotter.ts';
import { hasMasked } from '../mask.ts';
import { keyOf, type Part, type Recipe } from '../recipe.ts';
import type { StackLayer, StepRecord } from '../step-cache.ts';

/** Where small bytes lie inside of a pack. */
export interface Slice {
  readonly pack: BlobDigest;
  readonly offset: number;
  readonly size: number;
}

/** The layer of a snapshot, a blob of its own or a slice of a pack. */
export interface SharedLayer {
  readonly diffID: DiffID;
  readonly mediaType: string;
  readonly digest: BlobDigest;
  readonly size: number;
  readonly slice?: Slice | undefined;
}

/** A list of files, compressed as it lies in a store. */
export interface SharedList extends Slice {
  readonly digest: BlobDigest;
}

/** The content of a cache mount. */
export interface SharedMount extends SharedLayer {
  /** As RUN --mount=type=cache calls it. */
  readonly id: string;
}

/** A step of the build that made the cache, for explaining a miss. */
export interface SharedStep {
  readonly id: string;
  readonly label: string;
  readonly stage: string;
  readonly text: string;
  readonly below?: string | undefined;
  readonly key?: KeyDigest | undefined;
}

export interface SharedPlan {
  readonly platform: string;
  readonly steps: readonly SharedStep[];
}

export interface SharedCache {
  readonly steps: readonly StepRecord[];
  /** Of all snapshots the steps name, but those of base images, which whoever builds has. */
  readonly layers: Readonly<Record<SnapshotID, SharedLayer>>;
  /** Cache mounts that travel along, by the names of their directories. */
  readonly mounts?: Readonly<Record<string, SharedMount>> | undefined;
  /** Lists of files by the digest of the selection, as `FileLists` keeps them. */
  readonly lists: Readonly<Record<string, SharedList>>;
  /** One for each platform. */
  readonly plans: readonly SharedPlan[];
}

/** No build has so many steps; a bomb has. */
const longestDocument = 256 << 20;

const pair: Shape<Part> = (value, path) => {
  const [name, content, ...rest] = list(text)(value, path);
  if (name === undefined || content === undefined || rest.length > 0)
    misfit(path, 'a name and a value', value);
  return [name, content];
};

/** Explanations take the values of some parts and notes apart. */
const part: Shape<Part> = (value, path) => {
  const [name, content] = pair(value, path);
  if (name === 'files') digest(content, path);
  if (name === 'mount') optional(digest)(map(text)(parsed(content, path), path).files, path);
  return [name, content];
};

const note: Shape<Part> = (value, path) => {
  const [name, content] = pair(value, path);
  if (name === 'mount') list(text)(parsed(content, path), path);
  return [name, content];
};

function parsed(content: string, path: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return misfit(path, 'JSON', content);
  }
}

const snapshotPattern = /^[a-z0-9]{1,16}$/;

const snapshot: Shape<SnapshotID> = (value, path) => {
  const id = text(value, path);
  return snapshotPattern.test(id) ? id : misfit(path, 'a snapshot id', value);
};

const slice = object<Slice>({ pack: digest, offset: size, size });

const step = object<Omit<StepRecord, 'from'>>({
  key: digest as Shape<KeyDigest>,
  recipe: object<Recipe>({
    kind: text,
    parts: list(part),
    notes: optional(list(note)) as Shape<readonly Part[]>,
  }),
  label: text,
  stack: list(object<StackLayer>({ snapshot, createdAt: optional(integer) as Shape<number> })),
  standsAlone: flag,
  durationMs: integer,
});

const layerType: Shape<string> = (value, path) => {
  const mediaType = text(value, path);
  if (findLayerCompression(mediaType) === undefined) misfit(path, 'the media type of a layer', value);
  return mediaType;
};

const layer = { diffID: digest, mediaType: layerType, digest, size, slice: optional(slice) };

const document = object<SharedCache & { schema: number }>({
  schema: (value, path) => (value === 1 ? 1 : misfit(path, '1', value)),
  steps: list(step),
  layers: map(object<SharedLayer>(layer)),
  mounts: optional(map(object<SharedMount>({ id: text, ...layer }))),
  lists: map(object<SharedList>({ digest, pack: digest, offset: size, size })),
  plans: list(
    object<SharedPlan>({
      platform: text,
      steps: list(
        object<SharedStep>({
          id: text,
          label: text,
          stage: text,
          text,
          below: optional(text),
          key: optional(digest) as Shape<KeyDigest | undefined>,
        }),
      ),
    }),
  ),
});

/** Equal caches have equal bytes. */
export async function encodeSharedCache(cache: SharedCache): Promise<Uint8Array> {
  return promisify(gzip)(Buffer.from(JSON.stringify({ schema: 1, ...cache })));
}

/**
 * Reads the document, trusting nothing in it to be well-formed.
 * @throws IntegrityError `bad-cache`
 */
export async function decodeSharedCache(bytes: Uint8Array): Promise<SharedCache> {
  let json: Uint8Array;
  try {
    json = await promisify<Uint8Array, ZlibOptions, Buffer>(gunzip)(bytes, {
      maxOutputLength: longestDocument,
    });
  } catch (cause) {
    throw new IntegrityError('bad-cache', `the cache cannot be read: ${(cause as Error).message}`, { cause });
  }
  const cache = decodeShape(document, json, 'bad-cache', 'cache document');
  for (const [id, { diffID }] of Object.entries(cache.layers)) {
    if (!snapshotPattern.test(id)) throw badCache(`"${id}" is no snapshot id`);
    if (!mayBeCalled(id, diffID)) throw badCache(`the snapshot ${id} is not the layer ${diffID}`);
  }
  for (const { key, label, recipe } of cache.steps) {
    if (!hasMasked(recipe) && keyOf(recipe) !== key) throw badCache(`the key ${key} is not that of ${label}`);
  }
  for (const selection of Object.keys(cache.lists)) {
    if (!isDigest(selection)) throw badCache(`"${selection}" is no digest of a selection`);
  }
  return cache;
}

function badCache(why: string): IntegrityError {
  return new IntegrityError('bad-cache', `cache document: ${why}`);
}

/** The selections of files that a recipe names: those of a copy, and those its mounts show. */
export function selectionsOf({ parts }: Recipe): Digest[] {
  return parts.flatMap(([name, value]) => {
    if (name === 'files') return isDigest(value) ? [value] : [];
    if (name !== 'mount') return [];
    const { files } = JSON.parse(value) as { files?: string };
    return files !== undefined && isDigest(files) ? [files] : [];
  });
}

type Answer = readonly [question: KeyDigest, answer: Digest];

/** What a recipe notes of questions about files of other stages, with their answers. */
export function answersOf(recipe: Recipe): Answer[] {
  return [...answersNoted(recipe, 'answer'), ...answersNoted(recipe, 'stack-answer')];
}

/** Those of them that can be asked before the stage has run: the same on every machine. */
export function answersByDefinition(recipe: Recipe): Answer[] {
  return answersNoted(recipe, 'answer');
}

function answersNoted({ notes = [] }: Recipe, wanted: 'answer' | 'stack-answer'): Answer[] {
  return notes.flatMap(([name, value]): Answer[] => {
    const [question = '', answer = ''] = value.split(' ');
    return name === wanted && isDigest(question) && isDigest(answer) ? [[question, answer]] : [];
  });
}
