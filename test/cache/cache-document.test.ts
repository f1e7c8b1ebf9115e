/** What is read of a cache from elsewhere is well-formed, and its keys are those of what it says. */
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { maskRecipe } from '../../src/cache/mask.ts';
import { keyOf, type Recipe } from '../../src/cache/recipe.ts';
import { decodeSharedCache, encodeSharedCache } from '../../src/cache/share/cache-document.ts';
import type { SharedCache } from '../../src/cache/share/shared-cache.ts';
import type { BlobDigest, DiffID, Digest } from '../../src/core/digest.ts';
import { snapshotIDFor } from '../../src/layer/layer-record.ts';

const digest = <T extends Digest>(digit: string) => `sha256:${digit.repeat(64)}` as T;
const recipe: Recipe = {
  kind: 'exec',
  parts: [
    ['on', 'scratch'],
    ['env', 'NPM_TOKEN=hidden'],
    ['mount', '{"type":"bind","target":"/t","files":"sha256:'.concat('5'.repeat(64), '"}')],
  ],
  notes: [['mount', '["/t","src"]']],
};
const plain: Recipe = { ...recipe, parts: recipe.parts.filter(([name]) => name !== 'env') };
const own = snapshotIDFor(digest<DiffID>('1'));
const layer = {
  diffID: digest<DiffID>('1'),
  mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
  digest: digest<BlobDigest>('2'),
  size: 7,
};
const step = (of: Recipe, masked = of) => ({
  key: keyOf(of),
  recipe: masked,
  label: 'RUN make',
  stack: [{ snapshot: own, createdAt: 1 }],
  standsAlone: false,
  durationMs: 1,
});
const cache: SharedCache = {
  steps: [step(plain), step(recipe, maskRecipe(recipe))],
  layers: { [own]: layer, '0abcdefghijkl': layer },
  lists: {
    [digest('3')]: { digest: digest<BlobDigest>('4'), pack: digest<BlobDigest>('4'), offset: 0, size: 3 },
  },
  plans: [{ platform: 'linux/amd64', steps: [{ id: 'a/1', label: 'RUN', stage: 'a', text: 'RUN make' }] }],
};

test('a cache is read as it was written', async () => {
  expect(await decodeSharedCache(await encodeSharedCache(cache))).toMatchObject({ ...cache });
});

describe('a cache is refused', () => {
  const rows: [title: string, change: Partial<Record<keyof SharedCache, unknown>>, message: RegExp][] = [
    [
      'whose key is that of another step',
      { steps: [{ ...step(plain), key: digest('9') }] },
      /the key sha256:9+ is not that of RUN make/,
    ],
    [
      'that gives a base layer the name of another one',
      { layers: { [snapshotIDFor(digest<DiffID>('7'))]: layer } },
      /the snapshot d\w+ is not the layer sha256:1+/,
    ],
    ['with a snapshot that climbs', { layers: { '../../etc': layer } }, /"..\/..\/etc" is no snapshot id/],
    [
      'with a stack that climbs',
      { steps: [{ ...step(plain), stack: [{ snapshot: '../x' }] }] },
      /want a snapshot id, got "..\/x"/,
    ],
    ['with a list that climbs', { lists: { '../x': cache.lists[digest('3')] } }, /no digest of a selection/],
    [
      'with files that are no digest',
      { steps: [step({ ...plain, parts: [['files', 'sha256:../../x']] })] },
      /want a sha256 digest/,
    ],
    [
      'with a mount that is none',
      { steps: [step({ ...plain, parts: [['mount', 'no JSON']] })] },
      /want JSON/,
    ],
    [
      'with a mount that shows no digest',
      { steps: [step({ ...plain, parts: [['mount', '{"files":"../x"}']] })] },
      /want a sha256 digest/,
    ],
    [
      'with a mount of numbers',
      { steps: [step({ ...plain, parts: [['mount', '{"target":1}']] })] },
      /want a string/,
    ],
    ['of another version', { schema: 2 } as never, /want 1/],
  ];
  test.each(rows)('%s', async (_, change, message) => {
    const bytes = gzipSync(JSON.stringify({ schema: 1, ...cache, ...change }));
    await expect(decodeSharedCache(bytes)).rejects.toMatchObject({
      code: 'bad-cache',
      message: expect.stringMatching(message),
    });
  });

  test('that is no gzip, or would fill the memory', async () => {
    await expect(decodeSharedCache(Buffer.from('{}'))).rejects.toMatchObject({ code: 'bad-cache' });
    const bomb = gzipSync(Buffer.alloc(300 << 20), { level: 1 });
    await expect(decodeSharedCache(bomb)).rejects.toMatchObject({ code: 'bad-cache' });
  });
});
