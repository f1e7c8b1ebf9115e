/** A shared cache as the bytes of its blob. Whoever reads them trusts nothing in them to be well-formed. */
import { promisify } from 'node:util';
import { gunzip, gzip, type ZlibOptions } from 'node:zlib';
import { isDigest, type KeyDigest } from '../../core/digest.ts';
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
import type {
  SharedCache,
  SharedLayer,
  SharedList,
  SharedMount,
  SharedPlan,
  SharedStep,
  Slice,
} from './shared-cache.ts';

/** No build has so many steps; a bomb has. */
const longestDocument = 256 << 20;

/** Equal caches have equal bytes. */
export async function encodeSharedCache(cache: SharedCache): Promise<Uint8Array> {
  return promisify(gzip)(Buffer.from(JSON.stringify({ schema: 1, ...cache })));
}

/**
 * Reads the document; keys, names and digests in it hold what they claim.
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
