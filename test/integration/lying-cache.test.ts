/** Caches that say something else of their layers than what these are: each lie is told, and costs the import alone. */
import { createHash } from 'node:crypto';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { startFaultyRegistry } from '../support/faulty-registry.ts';
import { describeBuilds } from '../support/site.ts';

interface Layer {
  diffID: string;
  mediaType: string;
  digest: string;
  size: number;
  slice?: { pack: string; offset: number; size: number };
}

type Layers = Record<string, Layer>;

/** The honest layers in the order of the steps that made them, and the base's. */
interface Truth {
  readonly layers: readonly Layer[];
  readonly base: Layer;
  bytesOf(layer: Layer): Buffer;
  /** Puts bytes into the directory. */
  put(bytes: Buffer): { digest: string; size: number };
}

const steps = ['COPY src', 'WORKDIR', 'COPY --from', 'COPY big'];

/** Each of them, and what makes a build read its layer: the image has those of its own stage. */
const readBy = steps.map(
  (step) => [step, step === 'COPY src' ? ['--no-cache-filter', 'final'] : []] as const,
);

describeBuilds(['root', 'overlay'], 'a cache that lies', (site) => {
  const context = site.path('app');
  const honest = site.path('cache');
  const roots = { first: site.path('first'), empty: site.path('empty') };
  let digest: string;

  const build = async (root: string, ...args: string[]) => {
    const metadata = site.path('metadata.json');
    const { code, stderr } = await site.strata(
      ['--root', root, 'build', '--progress', 'plain', '--metadata-file', metadata, ...args, context],
      { env: { SOURCE_DATE_EPOCH: '1000000000' } },
    );
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const written = JSON.parse(readFileSync(metadata, 'utf8')) as Record<string, string>;
    return { stderr, digest: written['containerimage.digest'] ?? '' };
  };
  const output = (name: string) => ['-o', `type=oci,dest=${site.path(name)}`];

  beforeAll(async () => {
    site.files('app', {
      Dockerfile: [
        'FROM strata-base/lying AS build',
        'COPY src src',
        'FROM strata-base/lying AS final',
        'WORKDIR /app',
        'COPY --from=build /src/a .',
        'COPY big .',
        '',
      ].join('\n'),
      'src/a': 'a',
      'src/b': 'b',
      big: createHash('sha512').update('big').digest('hex').repeat(30_000),
    });
    const base = site.files('base', { Dockerfile: 'FROM scratch\nCOPY file /\n', file: 'of the base' });
    await site.strataOk(['--root', roots.empty, 'build', '-t', 'strata-base/lying', base]);
    cpSync(roots.empty, roots.first, { recursive: true });
    digest = (await build(roots.first, '--cache-to', `type=local,dest=${honest},mode=max`, ...output('1')))
      .digest;
  });

  /** Tells a lie in a copy of the cache, and builds with it in a store that has the base only. */
  const buildWith = async (
    lie: (layers: Layers, truth: Truth) => void,
    args: readonly string[] = [],
    to: readonly string[] = output('2'),
  ) => {
    const [directory, root] = [site.path('lying'), site.path('other')];
    for (const path of [directory, root]) rmSync(path, { recursive: true, force: true });
    cpSync(honest, directory, { recursive: true });
    cpSync(roots.empty, root, { recursive: true });
    tamper(directory, lie, baseLayer(root));
    const from = ['--cache-from', `type=local,src=${directory}`];
    const first = await build(root, ...from, ...to, ...args);
    return { ...first, directory, root };
  };
  const isLeft = async (lie: (layers: Layers, truth: Truth) => void, ...args: string[]) => {
    const { stderr, digest: made, directory, root } = await buildWith(lie, args);
    expect(made).toBe(digest);
    const told = `the cache ${directory} is not what it says: the build goes on without it`;
    expect({ stderr, told: stderr.split(told).length - 1 }).toMatchObject({ told: 1 });
    // What it was told is not believed later either.
    const again = await build(root, '--fail-on-miss', ...output('3'));
    expect({ ...again, stderr: again.stderr.includes('warning') }).toEqual({ digest, stderr: false });
  };

  test('is none as long as it does not', async () => {
    const { stderr, digest: made } = await buildWith(() => {}, ['--fail-on-miss']);
    expect(made).toBe(digest);
    expect(stderr).not.toContain('warning');
  });

  const pairs = steps.flatMap((a, at) => steps.slice(at + 1).map((b) => [a, b] as const));
  test.each(pairs)('that the layer of %s is that of %s', async (a, b) => {
    await isLeft((_, { layers }) => {
      const [one, other] = [layerOf(layers, a), layerOf(layers, b)];
      [one.diffID, other.diffID] = [other.diffID, one.diffID];
    });
  });

  test.each(readBy)('that the layer of %s is the blob of the base', async (step, flags) => {
    await isLeft(
      (_, { layers, base: { digest, size } }) => {
        const layer = layerOf(layers, step);
        Object.assign(layer, { digest, size });
        delete layer.slice;
      },
      ...flags,
    );
  });

  test.each(readBy)('that the layer of %s is called as the layer of the base', async (step, flags) => {
    await isLeft(
      (_, { layers, base: { diffID } }) => Object.assign(layerOf(layers, step), { diffID }),
      ...flags,
    );
  });

  test.each(readBy)('about the size of %s', async (step, flags) => {
    await isLeft(
      (_, { layers }) => {
        layerOf(layers, step).size++;
      },
      ...flags,
    );
  });

  // Where only its files are wanted, it does not matter how they came.
  test.each(steps.slice(1))('that an archive which is not compressed, of %s, is', async (step) => {
    await isLeft((_, { layers, bytesOf, put }) => {
      const layer = layerOf(layers, step);
      Object.assign(layer, put(gunzipSync(bytesOf(layer))));
      delete layer.slice;
    });
  });

  test.each(readBy)('that half of a layer is all of %s', async (step, flags) => {
    await isLeft(
      (_, { layers, bytesOf, put }) => {
        const layer = layerOf(layers, step);
        const bytes = bytesOf(layer);
        Object.assign(layer, put(bytes.subarray(0, bytes.length / 2)));
        delete layer.slice;
      },
      ...flags,
    );
  });

  test.each(readBy)('that anything is the layer of %s', async (step, flags) => {
    await isLeft(
      (_, { layers, put }) => {
        Object.assign(layerOf(layers, step), put(Buffer.from('anything')), { slice: undefined });
      },
      ...flags,
    );
  });

  test.each([
    [
      'that the layer of the base is another',
      (layers: Layers, { layers: [any], base }: Truth) => {
        layers[snapshotOf(base)] = { ...any, diffID: base.diffID } as Layer;
      },
    ],
  ])('%s', async (_, lie) => {
    const { digest: made, root } = await buildWith(lie);
    expect(made).toBe(digest);
    expect((await build(root, '--fail-on-miss', ...output('3'))).digest).toBe(digest);
  });

  test('is met where layers are made in another form', async () => {
    const swap = (_: Layers, { layers }: Truth) => {
      const [one, other] = [layerOf(layers, 'WORKDIR'), layerOf(layers, 'COPY big')];
      [one.diffID, other.diffID] = [other.diffID, one.diffID];
    };
    const forced = `type=oci,dest=${site.path('4')},force-compression=true,compression-level=1`;
    const { stderr } = await buildWith(swap, [], ['-o', forced]);
    expect(stderr).toContain('is not what it says: the build goes on without it');
  });

  test.each(steps.slice(1))(
    'is met where the layer of %s only passes through on its way to a registry',
    async (step) => {
      await using registry = await startFaultyRegistry();
      const { stderr, directory } = await buildWith(
        (_, { layers }) => {
          const [one, other] = [layerOf(layers, step), layerOf(layers, 'COPY src')];
          [one.diffID, other.diffID] = [other.diffID, one.diffID];
        },
        [],
        ['-t', `${registry.host}/app:1`, '--push'],
      );
      expect(stderr).toContain(`the cache ${directory} is not what it says: the build goes on without it`);
      const pulled = site.path('pulled');
      await site.strataOk(['--root', pulled, 'pull', `${registry.host}/app:1`]);
      // It needs all files, so every layer is held against its diffID.
      const user = site.files('user', { Dockerfile: `FROM ${registry.host}/app:1\nCOPY file /\n`, file: '' });
      await site.strataOk([
        '--root',
        pulled,
        'build',
        '-q',
        '-o',
        `type=local,dest=${site.path('files')}`,
        user,
      ]);
      rmSync(pulled, { recursive: true });
    },
  );

  test('that layers are of no known type is no cache', async () => {
    const { stderr, digest: made } = await buildWith((_, { layers }) => {
      for (const layer of layers) layer.mediaType = 'text/plain';
    });
    expect(stderr).toContain('cannot be imported: the build goes on without it');
    expect(made).toBe(digest);
  });
});

function layerOf(layers: readonly Layer[], step: string): Layer {
  const layer = layers[steps.indexOf(step)];
  if (layer === undefined) throw new Error(`the cache has no layer of ${step}`);
  return layer;
}

/** The only layer of the only image of a store. */
function baseLayer(root: string): Layer {
  const read = (digest: string) =>
    JSON.parse(readFileSync(join(root, 'images/blobs/sha256', digest.replace('sha256:', '')), 'utf8'));
  const index = JSON.parse(readFileSync(join(root, 'images/index.json'), 'utf8'));
  const manifest = read(index.manifests[0].digest);
  return { ...manifest.layers[0], diffID: read(manifest.config.digest).rootfs.diff_ids[0] };
}

/** As src/layer/layer-record.ts calls a layer that is known by its content. */
function snapshotOf({ diffID }: Layer): string {
  return `d${BigInt(`0x${diffID.slice(7, 22)}`)
    .toString(36)
    .padStart(12, '0')}`;
}

/** Changes the document of the cache in a directory as somebody would who can write there. */
function tamper(directory: string, change: (layers: Layers, truth: Truth) => void, base: Layer): void {
  const pathOf = (digest: string) => join(directory, 'blobs/sha256', digest.replace('sha256:', ''));
  const put = (bytes: Buffer) => {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    writeFileSync(pathOf(digest), bytes);
    return { digest, size: bytes.length };
  };
  const bytesOf = ({ digest, slice }: Layer) =>
    slice === undefined
      ? readFileSync(pathOf(digest))
      : readFileSync(pathOf(slice.pack)).subarray(slice.offset, slice.offset + slice.size);
  const index = JSON.parse(readFileSync(join(directory, 'index.json'), 'utf8'));
  const manifest = JSON.parse(readFileSync(pathOf(index.manifests[0].digest), 'utf8'));
  const cache = JSON.parse(gunzipSync(readFileSync(pathOf(manifest.layers[0].digest))).toString());
  const stackOf = (step: string): string =>
    cache.steps.find(({ label }: { label: string }) => label.includes(step)).stack.at(-1).snapshot;
  change(cache.layers, { layers: steps.map((step) => cache.layers[stackOf(step)]), base, bytesOf, put });
  Object.assign(manifest.layers[0], put(gzipSync(JSON.stringify(cache))));
  Object.assign(index.manifests[0], put(Buffer.from(JSON.stringify(manifest))));
  writeFileSync(join(directory, 'index.json'), JSON.stringify(index));
}
