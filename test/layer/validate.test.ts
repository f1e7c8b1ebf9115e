import { beforeEach, describe, expect, it } from 'vitest';
import type { BlobInfo } from '../../src/content/blob-store.ts';
import type { BlobDigest } from '../../src/core/digest.ts';
import { IntegrityError } from '../../src/core/errors.ts';
import { validateImage } from '../../src/layer/validate.ts';
import { type Descriptor, mediaTypes } from '../../src/oci/descriptor.ts';
import { encodeJSON } from '../../src/oci/json.ts';
import {
  describeBlob,
  file,
  type ImageParts,
  type Member,
  makeImage,
  tarOf,
} from '../support/image-parts.ts';

/** Bytes by the name they are asked for, whatever they are. */
let blobs: Map<BlobDigest, Uint8Array>;
beforeEach(() => {
  blobs = new Map();
});

const source = {
  async *open({ digest }: BlobInfo): AsyncGenerator<Uint8Array> {
    const bytes = blobs.get(digest);
    if (bytes === undefined) throw new IntegrityError('blob-missing', `no ${digest}`);
    for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
  },
};

function put(bytes: Uint8Array, mediaType: string): Descriptor {
  const blob = describeBlob(bytes, mediaType);
  blobs.set(blob.digest, bytes);
  return blob;
}

const image = (parts: ImageParts = {}) => makeImage({ layers: [[file('a')], [file('b')]], ...parts }, put);

async function findings(target: Descriptor): Promise<string[]> {
  const found = await validateImage(source, target);
  return found.map(({ where, code, message }) => `${where}: ${code}: ${message}`);
}

describe('a sound image has no findings', () => {
  it.each<[string, ImageParts]>([
    ['two layers', {}],
    ['no layers', { layers: [] }],
    ['no history', { config: { history: [] } }],
    ['an uncompressed layer', { compress: (each) => each, layerType: mediaTypes.ociLayer }],
    [
      'everything a layer can have',
      {
        layers: [
          [
            { name: './', type: 'directory' },
            { name: './dir/', type: 'directory' },
            file('./dir/a', 'a'.repeat(5000)),
            { name: 'dir/link', type: 'symlink', linkname: '../../../etc/passwd' },
            { name: 'dir/hard', type: 'link', linkname: 'dir/a' },
            file('dir/..dots..'),
          ],
          [
            file('dir/.wh.link', ''),
            file('other/.wh..wh..opq', ''),
            file('other/new'),
            { name: 'from-below', type: 'link', linkname: 'dir/a' },
          ],
        ],
      },
    ],
  ])('%s', async (_title, parts) => {
    expect(await findings((await image(parts)).manifest)).toEqual([]);
  });
});

describe('the members of a layer', () => {
  it.each<[string, Member[], string[]]>([
    ['a name twice', [file('a'), file('b'), file('./a')], ['duplicate-name: "a" is there twice']],
    ['".." in a name', [file('a/../../b')], ['escaping-name: "a/../../b" has ".." in it']],
    ['an absolute name', [file('/a')], ['escaping-name: "/a" is absolute']],
    [
      'a hard link out of the root',
      [{ name: 'a', type: 'link', linkname: '../b' }],
      [
        'escaping-link: "../b" has ".." in it',
        'missing-link-target: "a" is a hard link to "../b", which no member before it is',
      ],
    ],
    [
      'a hard link to a later member',
      [{ name: 'a', type: 'link', linkname: 'b' }, file('b')],
      ['missing-link-target: "a" is a hard link to "b", which no member before it is'],
    ],
    ['a whiteout with content', [file('.wh.a', 'x')], ['bad-whiteout: ".wh.a" is not an empty file']],
    [
      'a whiteout that is a directory',
      [{ name: 'd/.wh.a', type: 'directory' }],
      ['bad-whiteout: "d/.wh.a" is not an empty file'],
    ],
    ['a whiteout twice', [file('.wh.a', ''), file('.wh.a', '')], ['duplicate-name: ".wh.a" is there twice']],
    [
      'a whiteout of what the layer adds',
      [file('d/a'), file('d/.wh.a', '')],
      ['whiteout-conflict: "d/a" is there and deleted by the same layer'],
    ],
    [
      'the same the other way round',
      [file('d/.wh.a', ''), file('d/a')],
      ['whiteout-conflict: "d/a" is there and deleted by the same layer'],
    ],
  ])('%s', async (_title, members, want) => {
    const { manifest } = await image({ layers: [members] });
    expect(await findings(manifest)).toEqual(want.map((each) => `layer 0: ${each}`));
  });

  it('a whiteout of nothing', async () => {
    const { manifest } = await image({ layers: [[file('ok'), file('d/.wh...', '')]] });
    expect(await findings(manifest)).toEqual([
      expect.stringMatching(/^layer 0: bad-whiteout: .*"?\/?d\/\.wh\.\.\./),
    ]);
  });

  it('many of one kind are not all listed', async () => {
    const members = Array.from({ length: 50 }, () => file('same'));
    const found = await findings((await image({ layers: [members, [file('same')]] })).manifest);
    expect(found.length).toBe(21);
    expect(found.at(-1)).toBe('layer 0: duplicate-name: further ones of this kind are not listed');
  });
});

describe('a claim that does not hold', () => {
  it('a flipped byte in a layer, in its compressed and in its plain bytes', async () => {
    const { manifest, layers } = await image({ compress: (each) => each, layerType: mediaTypes.ociLayer });
    const digest = layers[1]?.digest as BlobDigest;
    const bytes = Buffer.from(blobs.get(digest) ?? []);
    bytes[512] = 0x79;
    blobs.set(digest, bytes);
    expect(await findings(manifest)).toEqual([
      `layer 1: digest-mismatch: want ${digest}, got ${describeBlob(bytes, '').digest}`,
      `layer 1: diff-id-mismatch: want ${digest}, got ${describeBlob(bytes, '').digest}`,
    ]);
  });

  it('a layer cut short', async () => {
    const { manifest, layers } = await image({ tars: [await tarOf([file('a', 'y'.repeat(9000))])] });
    const [layer] = layers as [Descriptor];
    blobs.set(layer.digest, (blobs.get(layer.digest) ?? new Uint8Array()).subarray(0, layer.size - 20));
    const found = await findings(manifest);
    expect(found.slice(0, 2)).toEqual([
      `layer 0: size-mismatch: want ${layer.size} bytes, got ${layer.size - 20}`,
      expect.stringMatching(/^layer 0: digest-mismatch: /),
    ]);
    expect(found[2]).toMatch(/^layer 0: layer-bad-compression: /);
  });

  it('a layer that goes on', async () => {
    const { manifest, layers } = await image();
    const [layer] = layers as [Descriptor];
    blobs.set(layer.digest, Buffer.concat([blobs.get(layer.digest) ?? Buffer.alloc(0), Buffer.alloc(2000)]));
    expect(await findings(manifest)).toContain(`layer 0: size-mismatch: want ${layer.size} bytes, got more`);
  });

  it('a layer that is not there', async () => {
    const { manifest, layers } = await image();
    blobs.delete(layers[0]?.digest as BlobDigest);
    expect(await findings(manifest)).toEqual([`layer 0: blob-missing: no ${layers[0]?.digest}`]);
  });

  it('a layer that is no tar', async () => {
    const { manifest } = await image({ tars: [Buffer.alloc(2000, 'z'), await tarOf([file('b')])] });
    expect(await findings(manifest)).toEqual([expect.stringMatching(/^layer 0: tar-bad-header: /)]);
  });

  it('a compression other than the media type says', async () => {
    const { manifest } = await image({ layers: [[file('a')]], compress: (each) => each });
    expect(await findings(manifest)).toEqual([
      `layer 0: media-type: "${mediaTypes.ociLayerGzip}" says gzip, the bytes are uncompressed`,
    ]);
  });

  it('another diffID and another number of them', async () => {
    const other = `sha256:${'0'.repeat(64)}`;
    const { manifest } = await image({ config: { rootfs: { type: 'layers', diff_ids: [other] } } });
    expect(await findings(manifest)).toEqual([
      expect.stringMatching(`^layer 0: diff-id-mismatch: want ${other}, got sha256:`),
      'config: diff-id-count: the manifest has 2 layers, rootfs.diff_ids has 1',
      'config: history-count: history has 2 entries that made a layer, rootfs.diff_ids has 1',
    ]);
  });

  it('a broken config does not hide broken layers', async () => {
    const { manifest } = await image({ config: { rootfs: 1 }, layers: [[file('/a')]] });
    expect(await findings(manifest)).toEqual([
      'config: bad-config: image config: rootfs: want an object, got 1',
      'layer 0: escaping-name: "/a" is absolute',
    ]);
  });

  it('a broken manifest', async () => {
    const { manifest } = await image({ manifest: { layers: 'x' } });
    expect(await findings(manifest)).toEqual([
      'manifest: bad-manifest: image manifest: layers: want a list, got "x"',
    ]);
  });

  it('a descriptor of another type and size', async () => {
    const { manifest } = await image();
    const wrong = { ...manifest, mediaType: mediaTypes.dockerManifest, size: manifest.size + 1 };
    expect(await findings(wrong)).toEqual([
      `manifest: size-mismatch: want ${wrong.size} bytes, got ${manifest.size}`,
      `manifest: media-type: it calls itself "${mediaTypes.ociManifest}", its descriptor calls it "${mediaTypes.dockerManifest}"`,
    ]);
  });
});

describe('an index', () => {
  const index = (manifests: readonly object[]) =>
    put(encodeJSON({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }), mediaTypes.ociIndex);
  const amd64 = { os: 'linux', architecture: 'amd64' };

  it('is checked image by image', async () => {
    const sound = await image();
    const unsound = await image({ layers: [[file('/a')]] });
    const target = index([
      { ...sound.manifest, platform: amd64 },
      { ...unsound.manifest, platform: { os: 'linux', architecture: 'arm', variant: 'v7' } },
      unsound.manifest,
    ]);
    expect(await findings(target)).toEqual([
      'linux/arm/v7: config: platform: it is for linux/amd64, the index says linux/arm/v7',
      'linux/arm/v7: layer 0: escaping-name: "/a" is absolute',
      'manifest 2: layer 0: escaping-name: "/a" is absolute',
    ]);
  });

  it('takes attestations for what they are, and looks whether they are there', async () => {
    const sound = await image();
    const platform = { os: 'unknown', architecture: 'unknown' };
    const statement = put(Buffer.from('{}'), 'application/vnd.in-toto+json');
    const manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: sound.config,
      layers: [statement],
    };
    const attestation = { ...put(encodeJSON(manifest), mediaTypes.ociManifest), platform };
    const target = index([{ ...sound.manifest, platform: amd64 }, attestation]);
    expect(await findings(target)).toEqual([]);
    blobs.delete(attestation.digest);
    expect(await findings(target)).toEqual([`unknown/unknown: blob-missing: no ${attestation.digest}`]);
  });
});
