import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openBlobStore } from '../../src/content/dir-store.ts';
import { openRefs } from '../../src/content/refs.ts';
import { digestHex } from '../../src/core/digest.ts';
import { type AssembledImage, assembleIndex } from '../../src/export/assemble.ts';
import { exportOCI } from '../../src/export/oci.ts';
import { parseManifest } from '../../src/oci/manifest.ts';
import { findRefs } from '../../src/store/find-image.ts';
import { listImages } from '../../src/store/list-images.ts';
import { type LoadSource, loadImages } from '../../src/store/load.ts';
import type { LocalStore } from '../../src/store/local-store.ts';
import { removeImages, tagImage } from '../../src/store/names.ts';
import { saveImages } from '../../src/store/save.ts';
import { openWorkspace, storeImage, type Workspace } from '../export/sample.ts';
import { runOk } from '../support/process.ts';

const { signal } = new AbortController();
let space: Workspace;
let store: LocalStore;
let image: AssembledImage;
/** A second, empty store. */
let other: LocalStore;

beforeEach(async () => {
  space = openWorkspace();
  store = { blobs: space.blobs, refs: openRefs(space.path('images')) };
  image = await storeImage(space);
  await store.refs.set('docker.io/library/app:1', image.manifest);
  const images = space.path('other');
  other = { blobs: openBlobStore(images, space.path('other-ingest')), refs: openRefs(images) };
});
afterEach(() => space.remove());

describe('listImages', () => {
  test('says what the documents say', async () => {
    const { config, layers } = parseManifest(await store.blobs.read(image.manifest));
    expect(await listImages(store)).toEqual([
      {
        name: 'docker.io/library/app:1',
        digest: image.manifest.digest,
        id: image.config.digest,
        platforms: ['linux/amd64'],
        created: undefined,
        sizeBytes: [config, ...layers].reduce((sum, { size }) => sum + size, 0),
        isReadable: true,
      },
    ]);
  });

  test('an index shows the platforms that are there', async () => {
    const arm = await storeImage(space, 'arm64');
    const riscv = await storeImage(space, 'riscv64');
    const index = await assembleIndex([image.manifest, arm.manifest, riscv.manifest], space.blobs);
    await space.blobs.remove(riscv.manifest.digest);
    await store.refs.set('docker.io/library/many:1', index);
    const many = (await listImages(store)).find(({ name }) => name.includes('many'));
    expect(many).toMatchObject({
      platforms: ['linux/amd64', 'linux/arm64'],
      id: undefined,
      isReadable: true,
    });
  });

  test('a damaged image is listed as such', async () => {
    writeFileSync(space.blobs.path(image.config.digest), 'damage');
    expect(await listImages(store)).toMatchObject([
      { name: 'docker.io/library/app:1', isReadable: false, sizeBytes: 0 },
    ]);
  });
});

describe('names', () => {
  const ways: [title: string, text: () => string][] = [
    ['its name', () => 'app:1'],
    ['its full name', () => 'docker.io/library/app:1'],
    ['the digest of its manifest', () => image.manifest.digest],
    ['its id', () => image.config.digest],
    ['the beginning of its id', () => digestHex(image.config.digest).slice(0, 12)],
  ];
  test.each(ways)('an image is found by %s', async (_title, text) => {
    expect(await findRefs(text(), store)).toMatchObject([{ name: 'docker.io/library/app:1' }]);
  });

  const misses: [text: string, code: string, hint: RegExp][] = [
    ['ap:1', 'no-such-image', /did you mean "app:1"/],
    ['nothing/like/it', 'no-such-image', /strata images/],
    ['App', 'bad-reference', /app/],
    [`sha256:${'0'.repeat(64)}`, 'no-such-image', /strata images/],
  ];
  test.each(misses)('%s is not', async (text, code, hint) => {
    await expect(findRefs(text, store)).rejects.toMatchObject({ code, hint: expect.stringMatching(hint) });
  });

  test('a digest of several names is all of them', async () => {
    await tagImage('app:1', 'second', store);
    expect((await findRefs(image.config.digest, store)).map(({ name }) => name)).toEqual([
      'docker.io/library/app:1',
      'docker.io/library/second:latest',
    ]);
  });

  test('tagging moves a name', async () => {
    const arm = await storeImage(space, 'arm64');
    await store.refs.set('docker.io/library/arm:1', arm.manifest);
    expect(await tagImage('arm:1', 'app:1', store)).toBe('docker.io/library/app:1');
    expect(store.refs.get('docker.io/library/app:1')?.digest).toBe(arm.manifest.digest);
    await expect(tagImage('arm:1', `app@${arm.manifest.digest}`, store)).rejects.toMatchObject({
      code: 'name-with-digest',
    });
  });

  test('removing takes the name and leaves the blobs', async () => {
    await tagImage('app:1', 'second', store);
    expect(await removeImages(['app:1'], store, false)).toEqual(['docker.io/library/app:1']);
    expect(store.refs.list().map(({ name }) => name)).toEqual(['docker.io/library/second:latest']);
    expect(store.blobs.has(image.manifest.digest)).toBe(true);
  });

  test('removing by id takes all names', async () => {
    await tagImage('app:1', 'second', store);
    expect(await removeImages([image.config.digest], store, false)).toHaveLength(2);
    expect(store.refs.list()).toEqual([]);
  });

  test('nothing is removed when one is missing, unless forced', async () => {
    await expect(removeImages(['app:1', 'none'], store, false)).rejects.toMatchObject({
      code: 'no-such-image',
    });
    expect(store.refs.list()).toHaveLength(1);
    expect(await removeImages(['app:1', 'none'], store, true)).toEqual(['docker.io/library/app:1']);
  });
});

describe('save and load', () => {
  async function save(format: 'oci' | 'docker', path: string, names = ['app:1']): Promise<string> {
    await saveImages(names, store, { format, destination: { kind: 'file', path } }, signal);
    return path;
  }

  test.each(['oci', 'docker'] as const)(
    '%s: the image comes back with its name and digest',
    async (format) => {
      await tagImage('app:1', 'example.org/second', store);
      const path = await save(format, space.path('a.tar'), ['app:1', 'example.org/second']);
      const { digest } = image.manifest;
      expect(await loadImages(path, undefined, other, signal)).toEqual([
        { name: 'docker.io/library/app:1', digest },
        { name: 'example.org/second:latest', digest },
      ]);
      expect(await listImages(other)).toMatchObject([
        { id: image.config.digest },
        { id: image.config.digest },
      ]);
      await saveImages(
        ['app:1'],
        other,
        { format: 'oci', destination: { kind: 'file', path: space.path('b.tar') } },
        signal,
      );
      await save('oci', space.path('c.tar'));
      expect(readFileSync(space.path('b.tar')).equals(readFileSync(space.path('c.tar')))).toBe(true);
    },
  );

  test('by id an image is saved with all its names', async () => {
    await tagImage('app:1', 'second', store);
    const path = await save('docker', space.path('a.tar'), [image.config.digest]);
    expect((await loadImages(path, undefined, other, signal)).map(({ name }) => name)).toEqual([
      'docker.io/library/app:1',
      'docker.io/library/second:latest',
    ]);
  });

  async function packed(program: string): Promise<Readable> {
    const path = await save('oci', space.path('a.tar'));
    await runOk('sh', ['-c', `${program} < ${path} > ${path}.packed`]);
    return Readable.from([readFileSync(`${path}.packed`)]);
  }

  test('a stream packed with gzip', async () => {
    expect(await loadImages(await packed('gzip'), undefined, other, signal)).toHaveLength(1);
  });

  test('a stream packed with zstd', async () => {
    expect(await loadImages(await packed('zstd -q'), undefined, other, signal)).toHaveLength(1);
  });

  test('a layout directory that skopeo made', async () => {
    const path = await save('oci', space.path('a.tar'));
    await runOk('skopeo', [
      'copy',
      '-q',
      `oci-archive:${path}:1`,
      `oci:${space.path('layout')}:example.org/app:2`,
    ]);
    expect(await loadImages(space.path('layout'), undefined, other, signal)).toEqual([
      { name: 'example.org/app:2', digest: image.manifest.digest },
    ]);
  });

  test('a docker archive that skopeo made, without a layout and with plain layers', async () => {
    const path = await save('oci', space.path('a.tar'));
    await runOk('skopeo', [
      'copy',
      '-q',
      `oci-archive:${path}:1`,
      `docker-archive:${space.path('d.tar')}:app:3`,
    ]);
    const [loaded] = await loadImages(space.path('d.tar'), undefined, other, signal);
    expect(loaded?.name).toBe('docker.io/library/app:3');
    const again = space.path('again.tar');
    await saveImages(['app:3'], other, { format: 'oci', destination: { kind: 'file', path: again } }, signal);
    const config = JSON.parse(await runOk('skopeo', ['inspect', '--config', `oci-archive:${again}:3`]));
    const before = JSON.parse(await runOk('skopeo', ['inspect', '--config', `oci-archive:${path}:1`]));
    expect(config.rootfs).toEqual(before.rootfs);
  });

  test('layers that are links, as old engines wrote them', async () => {
    const dir = space.path('old');
    mkdirSync(`${dir}/first`, { recursive: true });
    mkdirSync(`${dir}/second`);
    await runOk('tar', ['-C', dir, '-cf', `${dir}/first/layer.tar`, '--files-from=/dev/null']);
    symlinkSync('../first/layer.tar', `${dir}/second/layer.tar`);
    const diffID = `sha256:${createHash('sha256')
      .update(readFileSync(`${dir}/first/layer.tar`))
      .digest('hex')}`;
    const rootfs = { type: 'layers', diff_ids: [diffID, diffID] };
    writeFileSync(`${dir}/config.json`, JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs }));
    const list = [
      { Config: 'config.json', RepoTags: ['old:1'], Layers: ['first/layer.tar', 'second/layer.tar'] },
    ];
    writeFileSync(`${dir}/manifest.json`, JSON.stringify(list));
    await runOk('tar', ['-C', dir, '-cf', space.path('old.tar'), '.']);
    expect(await loadImages(space.path('old.tar'), undefined, other, signal)).toMatchObject([
      { name: 'docker.io/library/old:1' },
    ]);
  });

  test('an archive without a name wants one', async () => {
    const path = space.path('unnamed.tar');
    await exportOCI([{ manifest: image.manifest, names: [] }], store.blobs, { kind: 'file', path }, signal);
    await expect(loadImages(path, undefined, other, signal)).rejects.toMatchObject({ code: 'unnamed-image' });
    expect(await loadImages(path, 'mine', other, signal)).toMatchObject([
      { name: 'docker.io/library/mine:latest' },
    ]);
  });

  test('a name for several images is refused', async () => {
    const arm = await storeImage(space, 'arm64');
    await store.refs.set('docker.io/library/arm:1', arm.manifest);
    const path = await save('oci', space.path('a.tar'), ['app:1', 'arm:1']);
    await expect(loadImages(path, 'mine', other, signal)).rejects.toMatchObject({ code: 'many-images' });
    expect(await loadImages(path, undefined, other, signal)).toHaveLength(2);
  });

  test('of an index with one platform there, that one is taken', async () => {
    const arm = await storeImage(space, 'arm64');
    const index = await assembleIndex([image.manifest, arm.manifest], space.blobs);
    await store.refs.set('docker.io/library/many:1', index);
    const path = await save('oci', space.path('a.tar'), ['many:1']);
    const dir = space.path('sparse');
    mkdirSync(dir);
    await runOk('tar', ['-C', dir, '-xf', path]);
    rmSync(join(dir, 'blobs/sha256', digestHex(image.manifest.digest)));
    expect(await loadImages(dir, undefined, other, signal)).toEqual([
      { name: 'docker.io/library/many:1', digest: arm.manifest.digest },
    ]);
  });

  describe('what is not whole is refused and gets no name', () => {
    /** Unpacks a good archive, changes it and packs it again. */
    async function changed(change: (dir: string) => void): Promise<string> {
      const path = await save('oci', space.path('good.tar'));
      const dir = space.path('changed');
      mkdirSync(dir);
      await runOk('tar', ['-C', dir, '-xf', path]);
      change(dir);
      await runOk('tar', ['-C', dir, '-cf', space.path('bad.tar'), '.']);
      return space.path('bad.tar');
    }

    const layerOf = async () => {
      const { layers } = parseManifest(await store.blobs.read(image.manifest));
      return digestHex(layers[0]?.digest ?? image.manifest.digest);
    };

    const rows: [title: string, source: () => Promise<LoadSource>, code: string][] = [
      [
        'a flipped byte in a layer',
        async () => {
          const layer = await layerOf();
          return changed((dir) => {
            const file = join(dir, 'blobs/sha256', layer);
            const bytes = readFileSync(file);
            bytes[30] = (bytes[30] ?? 0) ^ 1;
            writeFileSync(file, bytes);
          });
        },
        'digest-mismatch',
      ],
      [
        'a missing layer',
        async () => {
          const layer = await layerOf();
          return changed((dir) => rmSync(join(dir, 'blobs/sha256', layer)));
        },
        'incomplete-image',
      ],
      ['a missing index', () => changed((dir) => rmSync(join(dir, 'index.json'))), 'bad-archive'],
      [
        'an index that is no JSON',
        () => changed((dir) => writeFileSync(join(dir, 'index.json'), '{')),
        'bad-index',
      ],
      [
        'a docker list that is none',
        () =>
          changed((dir) => {
            rmSync(join(dir, 'index.json'));
            writeFileSync(join(dir, 'manifest.json'), '[{"Config": 1}]');
          }),
        'bad-archive',
      ],
      ['no archive at all', async () => Readable.from([Buffer.alloc(2000, 'x')]), 'bad-archive'],
      ['an empty stream', async () => Readable.from([]), 'bad-archive'],
      [
        'an archive that was cut short',
        async () => {
          const path = await save('oci', space.path('good.tar'));
          return Readable.from([readFileSync(path).subarray(0, 3000)]);
        },
        'bad-archive',
      ],
      [
        'packed bytes that were cut short',
        async () => {
          const path = await save('oci', space.path('good.tar'));
          await runOk('gzip', [path]);
          return Readable.from([readFileSync(`${path}.gz`).subarray(0, 900)]);
        },
        'layer-bad-compression',
      ],
      ['a path where nothing is', async () => space.path('nowhere'), 'no-such-source'],
    ];
    test.each(rows)('%s', async (_title, source, code) => {
      await expect(loadImages(await source(), undefined, other, signal)).rejects.toMatchObject({ code });
      expect(other.refs.list()).toEqual([]);
      expect(readdirSync(space.path('other-ingest'))).toEqual([]);
    });

    test('an abort', async () => {
      const path = await save('oci', space.path('good.tar'));
      const failed = loadImages(path, undefined, other, AbortSignal.abort());
      await expect(failed).rejects.toMatchObject({ code: 'canceled' });
      expect(other.refs.list()).toEqual([]);
    });
  });
});
