import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { digestHex } from '../../src/core/digest.ts';
import { assembleIndex } from '../../src/export/assemble.ts';
import { exportDocker } from '../../src/export/docker.ts';
import type { ExportImage } from '../../src/export/image.ts';
import { exportOCI } from '../../src/export/oci.ts';
import { parseIndex, parseManifest } from '../../src/oci/manifest.ts';
import { parseImageConfig } from '../../src/oci/parse-image-config.ts';
import { checkDocuments } from '../../src/oci/validate.ts';
import { runOk } from '../support/process.ts';
import { openWorkspace, storeImage, type Workspace } from './sample.ts';

let space: Workspace;
let image: ExportImage;
const { signal } = new AbortController();

beforeEach(async () => {
  space = openWorkspace();
  const { manifest } = await storeImage(space);
  image = { manifest, names: ['docker.io/library/app:1', 'example.org/team/app:latest'] };
});
afterEach(() => space.remove());

async function inspect(
  source: string,
): Promise<{ Labels: object; Env: string[]; Layers: string[]; Digest: string }> {
  return JSON.parse(await runOk('skopeo', ['inspect', source]));
}

describe('assembleImage', () => {
  test('makes documents that agree with each other', async () => {
    const manifest = parseManifest(await space.blobs.read(image.manifest));
    const config = parseImageConfig(await space.blobs.read(manifest.config));
    expect(checkDocuments(manifest, config)).toEqual([]);
    expect(config.rootfs.diff_ids.length).toBe(2);
    expect(manifest.annotations).toEqual({ 'org.example': 'yes' });
    expect(image.manifest.platform).toEqual({ architecture: 'amd64', os: 'linux' });
  });
});

describe('exportOCI', () => {
  test('skopeo reads the archive by tag, tar lists it in order', async () => {
    const path = space.path('out.tar');
    await exportOCI([image], space.blobs, { kind: 'file', path }, signal);
    const seen = await inspect(`oci-archive:${path}:1`);
    expect(seen).toMatchObject({
      Labels: { kind: 'sample' },
      Env: ['PATH=/bin'],
      Digest: image.manifest.digest,
    });
    const names = (await runOk('tar', ['-tf', path])).trim().split('\n');
    expect(names.slice(0, 4)).toEqual(['oci-layout', 'index.json', 'blobs/', 'blobs/sha256/']);
    expect(names.slice(4)).toEqual(names.slice(4).sort());
    expect(names.length).toBe(8);
    const index = parseIndex(Buffer.from(await runOk('tar', ['-xOf', path, 'index.json'])));
    expect(index.manifests.map((entry) => entry.annotations)).toEqual([
      { 'io.containerd.image.name': 'docker.io/library/app:1', 'org.opencontainers.image.ref.name': '1' },
      {
        'io.containerd.image.name': 'example.org/team/app:latest',
        'org.opencontainers.image.ref.name': 'latest',
      },
    ]);
  });

  test('every blob of the archive is what its name says', async () => {
    await exportOCI([image], space.blobs, { kind: 'file', path: space.path('out.tar') }, signal);
    mkdirSync(space.path('x'));
    await runOk('tar', ['-C', space.path('x'), '-xf', space.path('out.tar')]);
    const names = readdirSync(space.path('x/blobs/sha256'));
    const hashes = names.map((name) =>
      createHash('sha256')
        .update(readFileSync(space.path(`x/blobs/sha256/${name}`)))
        .digest('hex'),
    );
    expect(hashes).toEqual(names);
  });

  test('the same image gives the same bytes, to a file and to a stream', async () => {
    const chunks: Buffer[] = [];
    const stream = new Writable({
      write(chunk, _encoding, done) {
        chunks.push(chunk);
        setImmediate(done);
      },
    });
    await exportOCI([image], space.blobs, { kind: 'file', path: space.path('a.tar') }, signal);
    await exportOCI([image], space.blobs, { kind: 'stream', stream }, signal);
    expect(Buffer.concat(chunks).equals(readFileSync(space.path('a.tar')))).toBe(true);
    expect(stream.writable).toBe(true);
  });

  test('several platforms stand under one index', async () => {
    const arm = await storeImage(space, 'arm64');
    const index = await assembleIndex([image.manifest, arm.manifest], space.blobs);
    const path = space.path('many.tar');
    await exportOCI([{ manifest: index, names: image.names }], space.blobs, { kind: 'file', path }, signal);
    const skopeo = ['--override-arch', 'arm64', 'inspect', '--config', `oci-archive:${path}:1`];
    const config = await runOk('skopeo', skopeo);
    expect(JSON.parse(config)).toMatchObject({ architecture: 'arm64' });
  });

  test('a directory keeps other images and replaces one of the same name', async () => {
    const path = space.path('layout');
    const other = await storeImage(space, 'arm64');
    await exportOCI(
      [{ manifest: other.manifest, names: ['docker.io/library/app:2'] }],
      space.blobs,
      { kind: 'directory', path },
      signal,
    );
    await exportOCI(
      [{ manifest: other.manifest, names: image.names }],
      space.blobs,
      { kind: 'directory', path },
      signal,
    );
    await exportOCI([image], space.blobs, { kind: 'directory', path }, signal);
    expect(await inspect(`oci:${path}:1`)).toMatchObject({ Digest: image.manifest.digest });
    const index = parseIndex(readFileSync(`${path}/index.json`));
    expect(
      index.manifests.map((entry) => [entry.annotations?.['io.containerd.image.name'], entry.digest]),
    ).toEqual([
      ['docker.io/library/app:2', other.manifest.digest],
      ['docker.io/library/app:1', image.manifest.digest],
      ['example.org/team/app:latest', image.manifest.digest],
    ]);
  });

  test('an unnamed image replaces the unnamed one', async () => {
    const path = space.path('layout');
    const other = await storeImage(space, 'arm64');
    for (const manifest of [other.manifest, image.manifest]) {
      await exportOCI([{ manifest, names: [] }], space.blobs, { kind: 'directory', path }, signal);
    }
    expect(await inspect(`oci:${path}`)).toMatchObject({ Digest: image.manifest.digest });
  });

  test('a damaged blob in the directory is written again', async () => {
    const path = space.path('layout');
    await exportOCI([image], space.blobs, { kind: 'directory', path }, signal);
    const blob = `${path}/blobs/sha256/${digestHex(image.manifest.digest)}`;
    const bytes = readFileSync(blob);
    writeFileSync(blob, Buffer.alloc(bytes.length));
    await exportOCI([image], space.blobs, { kind: 'directory', path }, signal);
    expect(readFileSync(blob).equals(bytes)).toBe(true);
  });
});

describe('exportDocker', () => {
  test('skopeo reads the archive by either name', async () => {
    const path = space.path('docker.tar');
    await exportDocker([image], space.blobs, { kind: 'file', path }, signal);
    for (const name of ['app:1', 'example.org/team/app:latest']) {
      expect(await inspect(`docker-archive:${path}:${name}`)).toMatchObject({ Labels: { kind: 'sample' } });
    }
    const list = JSON.parse(await runOk('tar', ['-xOf', path, 'manifest.json']));
    expect(list).toEqual([
      {
        Config: expect.stringMatching(/^blobs\/sha256\/[0-9a-f]{64}$/),
        RepoTags: ['app:1', 'example.org/team/app:latest'],
        Layers: [expect.stringMatching(/^blobs\//), expect.stringMatching(/^blobs\//)],
      },
    ]);
  });

  test('several platforms are refused', async () => {
    const arm = await storeImage(space, 'arm64');
    const index = await assembleIndex([image.manifest, arm.manifest], space.blobs);
    const path = space.path('docker.tar');
    const work = exportDocker([{ manifest: index, names: [] }], space.blobs, { kind: 'file', path }, signal);
    await expect(work).rejects.toMatchObject({ code: 'docker-many-platforms' });
  });
});

describe('a destination', () => {
  async function failingExport(path: string, abort?: AbortSignal): Promise<unknown> {
    return exportOCI([image], space.blobs, { kind: 'file', path }, abort ?? signal).catch((error) => error);
  }

  test('a damaged blob leaves the old file and nothing beside it', async () => {
    mkdirSync(space.path('out'));
    writeFileSync(space.path('out/app.tar'), 'old');
    const { layers } = parseManifest(await space.blobs.read(image.manifest));
    const layer = layers[1];
    if (layer === undefined) throw new Error('the sample has two layers');
    const bytes = readFileSync(space.blobs.path(layer.digest));
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    writeFileSync(space.blobs.path(layer.digest), bytes);
    expect(await failingExport(space.path('out/app.tar'))).toMatchObject({ code: 'blob-damaged' });
    expect(readdirSync(space.path('out'))).toEqual(['app.tar']);
    expect(readFileSync(space.path('out/app.tar'), 'utf8')).toBe('old');
  });

  test('so does an abort', async () => {
    mkdirSync(space.path('out'));
    expect(await failingExport(space.path('out/app.tar'), AbortSignal.abort())).toMatchObject({
      code: 'canceled',
    });
    expect(readdirSync(space.path('out'))).toEqual([]);
  });

  const unusable: [title: string, path: string, message: RegExp][] = [
    ['a directory', '.', /it is a directory/],
    ['a path whose directory is missing', 'nowhere/app.tar', /no such file or directory/],
    ['a path below a file', 'file/app.tar', /not a directory/],
  ];
  test.each(unusable)('%s is refused', async (_title, path, message) => {
    writeFileSync(space.path('file'), '');
    const error = await failingExport(space.path(path));
    expect(error).toMatchObject({ code: 'output-unusable', message: expect.stringMatching(message) });
  });

  test('a symlink is followed and stays', async () => {
    writeFileSync(space.path('target.tar'), 'old');
    symlinkSync('target.tar', space.path('link.tar'));
    await exportOCI([image], space.blobs, { kind: 'file', path: space.path('link.tar') }, signal);
    expect(readFileSync(space.path('link.tar')).equals(readFileSync(space.path('target.tar')))).toBe(true);
    expect(
      readdirSync(space.dir, { withFileTypes: true })
        .find((entry) => entry.name === 'link.tar')
        ?.isSymbolicLink(),
    ).toBe(true);
  });

  test('a pipe is written to as it is', async () => {
    await runOk('mkfifo', [space.path('pipe')]);
    const reader = runOk('sh', ['-c', `cat "${space.path('pipe')}" > "${space.path('copy.tar')}"`]);
    await exportOCI([image], space.blobs, { kind: 'file', path: space.path('pipe') }, signal);
    await reader;
    expect(await inspect(`oci-archive:${space.path('copy.tar')}:1`)).toMatchObject({
      Digest: image.manifest.digest,
    });
    expect(existsSync(space.path('pipe'))).toBe(true);
  });
});
