import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBlobStore } from '../../src/content/dir-store.ts';
import { openRefs } from '../../src/content/refs.ts';
import { type Descriptor, mediaTypes } from '../../src/oci/descriptor.ts';
import { encodeJSON } from '../../src/oci/json.ts';
import { describeWith } from '../support/capabilities.ts';

let directory: string;
const name = 'docker.io/library/app:latest';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'strata-refs-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function target(letter: string): Descriptor {
  const digest = `sha256:${letter.repeat(64)}` as const;
  return { mediaType: mediaTypes.ociManifest, digest, size: 2 };
}

function indexJSON(): unknown {
  return JSON.parse(readFileSync(join(directory, 'index.json'), 'utf8'));
}

describe('names', () => {
  it('are set, moved, listed and removed', async () => {
    const refs = openRefs(directory);
    expect([refs.list(), refs.get(name), await refs.remove(name)]).toEqual([[], undefined, false]);
    await refs.set(name, target('a'));
    await refs.set('localhost:5000/b:1', target('b'));
    await refs.set(name, target('c'));
    expect(refs.list()).toEqual([
      { name, target: target('c') },
      { name: 'localhost:5000/b:1', target: target('b') },
    ]);
    expect(await refs.remove(name)).toBe(true);
    expect(
      openRefs(directory)
        .list()
        .map((ref) => ref.name),
    ).toEqual(['localhost:5000/b:1']);
  });

  it('of bases are told from those a person gave, who keeps them', async () => {
    const refs = openRefs(directory);
    await refs.setBase(name, target('a'));
    expect(refs.list()).toEqual([{ name, target: target('a'), isBase: true }]);
    await refs.setBase(name, target('b'));
    expect(refs.list()).toEqual([{ name, target: target('b'), isBase: true }]);
    await refs.set(name, target('c'));
    await refs.setBase(name, target('d'));
    expect(refs.list()).toEqual([{ name, target: target('d') }]);
  });

  it('keep the annotations and the platform of what they point at', async () => {
    const platform = { os: 'linux', architecture: 'amd64' };
    const annotated = { ...target('a'), annotations: { k: 'v' }, platform };
    await openRefs(directory).set(name, annotated);
    expect(openRefs(directory).get(name)).toEqual(annotated);
    expect(indexJSON()).toEqual({
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [
        {
          ...annotated,
          annotations: {
            k: 'v',
            'io.containerd.image.name': name,
            'org.opencontainers.image.ref.name': name,
          },
        },
      ],
    });
  });

  it('are changed without what a killed writer left beside them', async () => {
    const refs = openRefs(directory);
    await refs.set(name, target('a'));
    const left = ['index.json.0123456789ab.tmp', 'index.sealed.json.0123456789ab.tmp'];
    const others = ['index.json.tmp', 'index.json.0123456789ab.tmp.mine', 'other.json.0123456789ab.tmp'];
    for (const each of [...left, ...others]) writeFileSync(join(directory, each), '{');
    await refs.set(name, target('a'));
    const there = readdirSync(directory);
    expect(left.filter((each) => there.includes(each))).toEqual([]);
    expect(others.filter((each) => there.includes(each))).toEqual(others);
    expect(refs.get(name)).toEqual(target('a'));
  });

  it('leave entries of other tools alone', async () => {
    const foreign = { ...target('f'), annotations: { 'org.example': 'x' } };
    writeFileSync(join(directory, 'index.json'), encodeJSON({ schemaVersion: 2, manifests: [foreign] }));
    const refs = openRefs(directory);
    await refs.set(name, target('a'));
    await refs.remove(name);
    expect(indexJSON()).toEqual({ schemaVersion: 2, manifests: [foreign] });
  });

  it('are all there after many writers at once', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `example.test/app:${String(i).padStart(2, '0')}`);
    await Promise.all(names.map((each) => openRefs(directory).set(each, target('a'))));
    expect(
      openRefs(directory)
        .list()
        .map((ref) => ref.name),
    ).toEqual(names);
  });

  it('say so when the file is damaged', () => {
    writeFileSync(join(directory, 'index.json'), '{"schemaVersion":2,"mani');
    expect(() => openRefs(directory).list()).toThrow(expect.objectContaining({ code: 'bad-index' }));
  });

  const damages: [title: string, damage: (text: string) => string][] = [
    [
      'a byte of a digest',
      (text) => text.replace(/sha256:(.)/, (_, digit) => `sha256:${digit === 'a' ? 'b' : 'a'}`),
    ],
    ['a letter of a name', (text) => text.replaceAll('app', 'apq')],
    ['its end', (text) => text.slice(0, -20)],
    ['all of it', () => ''],
  ];
  it.each(damages)('come back when the file lost %s', async (_title, damage) => {
    const told: string[] = [];
    await openRefs(directory).set(name, target('b'));
    const path = join(directory, 'index.json');
    const sound = readFileSync(path, 'utf8');
    writeFileSync(path, damage(sound));
    const refs = openRefs(directory, (each) => told.push(each));
    expect(refs.list()).toEqual([{ name, target: target('b') }]);
    expect([told, readFileSync(path, 'utf8')]).toEqual([[path], sound]);
    expect(refs.list()).toHaveLength(1);
    expect(told).toHaveLength(1);
  });

  it('are what another tool made them, also when the copy of ours is older', async () => {
    const refs = openRefs(directory);
    await refs.set(name, target('a'));
    const path = join(directory, 'index.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace(target('a').digest, target('b').digest));
    expect(refs.get(name)).toEqual(target('b'));
    writeFileSync(path, encodeJSON({ schemaVersion: 2, manifests: [] }));
    expect(refs.list()).toEqual([]);
  });
});

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

describeWith(['skopeo'], 'skopeo', () => {
  it('reads an image by its whole name', async () => {
    const blobs = openBlobStore(directory, join(directory, 'ingest'));
    const tar = Buffer.alloc(1024);
    const layer = await blobs.put(gzipSync(tar));
    const config = await blobs.put(
      encodeJSON({
        architecture: 'amd64',
        os: 'linux',
        rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
      }),
    );
    const manifest = await blobs.put(
      encodeJSON({
        schemaVersion: 2,
        mediaType: mediaTypes.ociManifest,
        config: { mediaType: mediaTypes.ociConfig, ...config },
        layers: [{ mediaType: mediaTypes.ociLayerGzip, ...layer }],
      }),
    );
    const refs = openRefs(directory);
    await refs.set('localhost:5000/team/app:1.0', { mediaType: mediaTypes.ociManifest, ...manifest });
    await refs.set(name, { mediaType: mediaTypes.ociManifest, ...manifest });
    for (const each of [name, 'localhost:5000/team/app:1.0']) {
      const answer = execFileSync('skopeo', ['inspect', `oci:${directory}:${each}`], { encoding: 'utf8' });
      expect(JSON.parse(answer)).toMatchObject({ Digest: manifest.digest, Layers: [layer.digest] });
    }
  });
});
