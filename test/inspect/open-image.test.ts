import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digestHex } from '../../src/core/digest.ts';
import { readContents } from '../../src/inspect/contents.ts';
import type { OpenedImage } from '../../src/inspect/open/opened-image.ts';
import { type Descriptor, mediaTypes } from '../../src/oci/descriptor.ts';
import { encodeJSON } from '../../src/oci/json.ts';
import { runOk } from '../support/process.ts';
import { type Registry, startRegistry } from '../support/registry.ts';
import { filesOf, fixture, open, openScratch, startLayout } from './images.ts';

const scratch = openScratch();
const { path } = scratch;
let registry: Registry;

const app = fixture('app-1.tar');
const layersOfApp = 6;

beforeAll(async () => {
  const copy = (from: string, to: string, ...flags: string[]) =>
    runOk('skopeo', ['copy', '--quiet', ...flags, from, to]);
  registry = await startRegistry(path('registry'));
  await copy(`oci-archive:${app}`, `oci:${path('layout')}:one`);
  await copy(`oci-archive:${fixture('app-2.tar')}`, `oci:${path('layout')}:two`);
  await copy(`oci-archive:${app}`, `docker-archive:${path('docker.tar')}:example.org/app:1`);
  await copy(`oci-archive:${app}`, `docker://${registry.host}/team/app:1`, '--dest-tls-verify=false');
  writeFileSync(path('app.tar.gz'), gzipSync(readFileSync(app)));
  // A store is a layout whose names are full.
  mkdirSync(path('root'), { recursive: true });
  await copy(`oci-archive:${app}`, `oci:${path('root')}/images:docker.io/library/app:1`);
  await copy(`oci-archive:${fixture('app-2.tar')}`, `oci:${path('root')}/images:example.org/team/app:2`);
});

afterAll(async () => {
  await registry.stop();
  scratch.remove();
});

async function summary(spec: string): Promise<object> {
  const image = await open(spec, path('root'));
  const { layers, findings } = await readContents(image);
  return {
    kind: image.kind,
    reference: image.reference,
    names: image.names,
    config: image.manifest.config.digest,
    files: layers.map(({ start, end }) => end - start),
    findings,
  };
}

async function bytesOf({ blobs }: OpenedImage, layer: Descriptor): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of blobs.open(layer)) chunks.push(Uint8Array.from(chunk));
  return Buffer.concat(chunks);
}

const configOf = async (spec: string) => {
  const raw = await runOk('skopeo', ['inspect', '--config', '--raw', spec]);
  return `sha256:${createHash('sha256').update(raw).digest('hex')}`;
};

describe('an image is found', () => {
  const files = [15, 18, 6, 6, 6, 3];

  test('with every layer as zstd, which GNU tar lists alike', async () => {
    const kept = await open(app);
    const tars: Buffer[] = [];
    for (const layer of kept.manifest.layers) {
      const input = await bytesOf(kept, layer);
      tars.push(layer.mediaType.endsWith('gzip') ? gunzipSync(input) : input);
    }
    const layout = startLayout(path('zstd'));
    const compress = (input: Uint8Array) => execFileSync('zstd', ['-c'], { input });
    const target = await layout.image({ tars, compress, layerType: mediaTypes.ociLayerZstd });
    layout.name([['one', target]]);
    const remote = `docker://${registry.host}/team/app:zstd`;
    await runOk('skopeo', ['copy', '--quiet', `oci:${path('zstd')}:one`, remote, '--dest-tls-verify=false']);
    for (const spec of [path('zstd'), remote]) {
      const image = await open(spec);
      const contents = await readContents(image);
      expect(contents.findings).toEqual([]);
      expect(contents.layers.map(({ start, end }) => end - start)).toEqual(files);
      for (const [index, layer] of image.manifest.layers.entries()) {
        expect(layer.mediaType).toBe(mediaTypes.ociLayerZstd);
        const listed = execFileSync('tar', ['--zstd', '-t', '--quoting-style=literal'], {
          input: await bytesOf(image, layer),
        });
        const names = listed.toString('latin1').trim().split('\n');
        expect(filesOf(contents, index).map((each) => each.path)).toEqual(
          names.filter((name) => !name.includes('.wh.')).map((name) => name.replace(/\/$/, '')),
        );
      }
    }
  });

  test.each<[title: string, spec: () => string, want: object]>([
    ['in an OCI archive', () => app, { kind: 'oci-archive', names: ['1'], files }],
    ['in an archive by its tag', () => `${app}:1`, { kind: 'oci-archive', names: ['1'], files }],
    ['in a compressed archive', () => path('app.tar.gz'), { kind: 'oci-archive', names: ['1'], files }],
    [
      'in an OCI directory by tag',
      () => `${path('layout')}:one`,
      { kind: 'oci-directory', names: ['one'], files },
    ],
    [
      'in an archive of docker save',
      () => path('docker.tar'),
      { kind: 'docker-archive', names: ['example.org/app:1'], files },
    ],
    [
      'in a registry',
      () => `docker://${registry.host}/team/app:1`,
      { kind: 'registry', names: [expect.stringMatching(/^127\.0\.0\.1:\d+\/team\/app:1$/)], files },
    ],
    [
      'in the store by its short name',
      () => 'app:1',
      { kind: 'store', reference: 'docker.io/library/app:1', files },
    ],
    [
      'in the store by its whole name',
      () => 'example.org/team/app:2',
      { kind: 'store', names: ['example.org/team/app:2'] },
    ],
  ])('%s', async (_title, spec, want) => {
    expect(await summary(spec())).toMatchObject({ findings: [], ...want });
  });

  test('in the store by the beginning of its id', async () => {
    const id = (await configOf(`oci-archive:${app}`)).slice('sha256:'.length);
    for (const start of [id.slice(0, 12), id, `sha256:${id}`]) {
      expect(await summary(start)).toMatchObject({ kind: 'store', reference: 'docker.io/library/app:1' });
    }
  });

  test('with the config that skopeo finds, wherever it lies', async () => {
    const want = await configOf(`oci-archive:${app}`);
    for (const spec of [
      app,
      `${path('layout')}:one`,
      `docker://${registry.host}/team/app:1`,
      path('app.tar.gz'),
    ]) {
      expect(await summary(spec)).toMatchObject({ config: want });
    }
    expect(await summary(path('docker.tar'))).toMatchObject({
      config: await configOf(`docker-archive:${path('docker.tar')}`),
    });
  });
});

describe('an image that is not there', () => {
  test.each<[title: string, spec: () => string, want: object]>([
    [
      'an unknown name',
      () => 'nothing',
      { code: 'no-such-image', hint: 'to look into a registry, write docker://nothing' },
    ],
    ['a name that is nearly right', () => 'ap:1', { code: 'no-such-image', hint: 'did you mean "app:1"?' }],
    [
      'an unknown tag of a layout',
      () => `${path('layout')}:three`,
      { code: 'no-such-image', hint: 'it has one, two' },
    ],
    ['no tag where there are two', () => path('layout'), { code: 'ambiguous-image' }],
    [
      'a tag that the registry lacks',
      () => `docker://${registry.host}/team/app:9`,
      { code: 'registry-not-found' },
    ],
    ['a file that is no archive', () => fixture('README.md'), { code: 'tar-bad-header' }],
    [
      'a directory that is no layout',
      () => fixture(''),
      { code: 'no-such-image', message: expect.stringContaining('neither index.json nor manifest.json') },
    ],
  ])('%s', async (_title, spec, want) => {
    await expect(open(spec(), path('root'))).rejects.toMatchObject(want);
  });
});

describe('one of several platforms', () => {
  const platforms = ['amd64', 'arm64', 's390x'] as const;
  async function indexOf(architectures: readonly string[], directory: string): Promise<string> {
    const layout = startLayout(path(directory));
    const manifests = [];
    for (const architecture of architectures) {
      const platform = { os: 'linux', architecture };
      manifests.push({ ...(await layout.image({ platform })), platform });
    }
    const mediaType = mediaTypes.ociIndex;
    layout.name([['app', layout.put(encodeJSON({ schemaVersion: 2, mediaType, manifests }), mediaType)]]);
    return layout.directory;
  }

  test("is the machine's own", async () => {
    expect((await open(await indexOf(platforms, 'three'))).config.architecture).toBe('amd64');
  });

  test('is the one that is asked for', async () => {
    const platform = { os: 'linux', architecture: 'arm64' };
    const wanted = { platform, hostPlatform: { os: 'linux', architecture: 'amd64' } };
    expect((await open(await indexOf(platforms, 'asked'), undefined, { wanted })).config.architecture).toBe(
      'arm64',
    );
  });

  test('is the only one there is', async () => {
    expect((await open(await indexOf(['s390x'], 'only'))).config.architecture).toBe('s390x');
  });

  test('is missing, and the others are named', async () => {
    await expect(open(await indexOf(['s390x', 'arm64'], 'missing'))).rejects.toMatchObject({
      code: 'no-matching-platform',
      hint: 'it has linux/s390x, linux/arm64: choose one with --platform',
    });
  });
});

describe('damage is told with its place', () => {
  /** The fixture as a directory, and the files of its layers. */
  function unpacked(name: string): { directory: string; layers: string[]; manifest: string } {
    const directory = path(name);
    mkdirSync(directory);
    execFileSync('tar', ['-C', directory, '-xf', app]);
    const blob = (digest: string) => join(directory, 'blobs/sha256', digest.slice('sha256:'.length));
    const index = JSON.parse(readFileSync(join(directory, 'index.json'), 'utf8'));
    const manifest = blob(index.manifests[0].digest);
    const { layers } = JSON.parse(readFileSync(manifest, 'utf8'));
    return { directory, manifest, layers: layers.map((layer: { digest: string }) => blob(layer.digest)) };
  }

  function flipByte(file: string, at: number): void {
    const bytes = readFileSync(file);
    bytes[at] = (bytes[at] ?? 0) ^ 0xff;
    writeFileSync(file, bytes);
  }

  async function findings(image: OpenedImage): Promise<string[]> {
    const { layers, findings: found } = await readContents(image);
    expect(layers).toHaveLength(layersOfApp);
    return found.map(({ where, code }) => `${where}: ${code}`);
  }

  test('a flipped byte in a compressed layer', async () => {
    const { directory, layers } = unpacked('flipped');
    flipByte(layers[1] ?? '', 200);
    const found = await findings(await open(directory));
    expect(found).toContain('layer 1: layer-bad-compression');
    expect(found).toContain('layer 1: digest-mismatch');
  });

  test('a flipped byte in the content of a plain layer', async () => {
    const { directory, layers } = unpacked('plain');
    // The last member's content: names and headers stay as they are.
    flipByte(layers[5] ?? '', readFileSync(layers[5] ?? '').indexOf('conf 0123'));
    expect(await findings(await open(directory))).toEqual([
      'layer 5: digest-mismatch',
      'layer 5: diff-id-mismatch',
    ]);
  });

  test('a layer that was cut short', async () => {
    const { directory, layers } = unpacked('cut');
    truncateSync(layers[2] ?? '', 100);
    expect(await findings(await open(directory))).toEqual(
      expect.arrayContaining(['layer 2: size-mismatch', 'layer 2: layer-bad-compression']),
    );
  });

  test('a layer that is missing', async () => {
    const { directory, layers } = unpacked('missing-layer');
    rmSync(layers[3] ?? '');
    expect(await findings(await open(directory))).toContain('layer 3: blob-missing');
  });

  test('a layer that is a link to a file elsewhere', async () => {
    const { directory, layers } = unpacked('link');
    const outside = path('outside');
    renameSync(layers[3] ?? '', outside);
    symlinkSync(outside, layers[3] ?? '');
    expect(await findings(await open(directory))).toContain('layer 3: blob-missing');
  });

  test('a layer that is a pipe', async () => {
    const { directory, layers } = unpacked('pipe');
    rmSync(layers[3] ?? '');
    execFileSync('mkfifo', [layers[3] ?? '']);
    expect(await findings(await open(directory))).toContain('layer 3: blob-missing');
  });

  test('a manifest that is another one', async () => {
    const { directory, manifest } = unpacked('manifest');
    flipByte(manifest, 60);
    await expect(open(directory)).rejects.toMatchObject({
      code: 'digest-mismatch',
      message: expect.stringContaining(`${directory}: the manifest is damaged`),
    });
  });

  test('an archive that ends too early', async () => {
    copyFileSync(app, path('short.tar'));
    truncateSync(path('short.tar'), 12_000);
    await expect(open(path('short.tar'))).rejects.toMatchObject({
      code: 'tar-truncated',
      message: expect.stringMatching(
        /short\.tar: it ends inside ".*", of which \d+ of \d+ bytes are there \(behind byte \d+\)/,
      ),
    });
  });

  test('a registry that serves other bytes', async () => {
    const spec = `docker://${registry.host}/team/app:1`;
    const { manifest } = await open(spec);
    const digest = manifest.layers[2]?.digest ?? '';
    const blob = registry.blobFile(digest);
    const sound = readFileSync(blob);
    flipByte(blob, 150);
    try {
      const { findings: found } = await readContents(await open(spec));
      expect(found.map(({ where }) => where)).toContain('layer 2');
      expect(JSON.stringify(found)).toContain(digestHex(digest as `sha256:${string}`));
    } finally {
      writeFileSync(blob, sound);
    }
  });
});
