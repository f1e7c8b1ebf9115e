import { describe, expect, it } from 'vitest';
import { encodeJSON } from '../../src/oci/json.ts';
import { parseIndex, parseManifest } from '../../src/oci/manifest.ts';
import { parseImageConfig } from '../../src/oci/parse-image-config.ts';

const hex = 'a'.repeat(64);
const layer = {
  mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
  digest: `sha256:${hex}`,
  size: 3,
};
const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: `sha256:${hex}`, size: 7 };
const manifest = { schemaVersion: 2, config, layers: [layer] };
const image = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [`sha256:${hex}`] } };

describe('encodeJSON', () => {
  it('keeps the order, drops undefined and writes UTF-8', () => {
    const bytes = encodeJSON({ b: 'ü<&>', a: undefined, c: [1] });
    expect(Buffer.from(bytes).toString('utf8')).toBe('{"b":"ü<&>","c":[1]}');
  });
});

describe('parseManifest', () => {
  it('drops members it does not know and takes null for absent', () => {
    const odd = { ...manifest, annotations: null, extra: { deep: true } };
    expect(parseManifest(encodeJSON(odd))).toEqual(manifest);
  });

  it('keeps a name that JavaScript objects treat specially', () => {
    const bytes = Buffer.from(
      `{"schemaVersion":2,"config":${JSON.stringify(config)},"layers":[],"annotations":{"__proto__":"x"}}`,
    );
    expect(Object.entries(parseManifest(bytes).annotations ?? {})).toEqual([['__proto__', 'x']]);
  });

  const bad: [string, unknown, RegExp][] = [
    ['not an object', [], /^image manifest: the document: want an object, got \[\]$/],
    ['schema 1', { ...manifest, schemaVersion: 1 }, /schemaVersion: want 2, got 1/],
    ['no config', { ...manifest, config: undefined }, /config: want an object, got nothing/],
    ['no layers', { ...manifest, layers: null }, /layers: want a list, got null/],
    ['negative size', { ...manifest, layers: [{ ...layer, size: -1 }] }, /layers\[0\]\.size: .* got -1/],
    ['size as text', { ...manifest, layers: [{ ...layer, size: '3' }] }, /layers\[0\]\.size: .* got "3"/],
    ['sha512', { ...manifest, config: { ...config, digest: `sha512:${hex}${hex}` } }, /config\.digest: want/],
    [
      'upper-case hex',
      { ...manifest, config: { ...config, digest: `sha256:${hex.toUpperCase()}` } },
      /digest/,
    ],
    [
      'a number among annotations',
      { ...manifest, annotations: { a: 1 } },
      /annotations\["a"\]: want a string/,
    ],
    ['an index at the same time', { ...manifest, manifests: [] }, /^image manifest: manifests: want nothing/],
  ];
  it.each(bad)('refuses %s', (_title, value, message) => {
    expect(() => parseManifest(encodeJSON(value as object))).toThrow(
      expect.objectContaining({ code: 'bad-manifest', message: expect.stringMatching(message) }),
    );
  });

  it.each([
    ['text', Buffer.from('hello'), /is not JSON/],
    ['broken UTF-8', Buffer.from([0x22, 0xff, 0x22]), /is not JSON: not UTF-8/],
    ['nothing', new Uint8Array(), /is not JSON/],
  ])('refuses %s', (_title, bytes, message) => {
    expect(() => parseManifest(bytes)).toThrow(
      expect.objectContaining({ code: 'bad-manifest', message: expect.stringMatching(message) }),
    );
  });
});

describe('parseIndex', () => {
  it('keeps platforms', () => {
    const platform = { architecture: 'arm', os: 'linux', variant: 'v7' };
    const index = { schemaVersion: 2, manifests: [{ ...config, platform }] };
    expect(parseIndex(encodeJSON(index))).toEqual(index);
  });

  it('refuses a manifest at the same time', () => {
    expect(() => parseIndex(encodeJSON({ ...manifest, manifests: [] }))).toThrow(
      expect.objectContaining({
        code: 'bad-index',
        message: `image index: layers: want nothing, got [${JSON.stringify(layer).slice(0, 76)}...`,
      }),
    );
  });
});

describe('parseImageConfig', () => {
  it('reads what a daemon wrote, without its bookkeeping', () => {
    const written = {
      ...image,
      container: 'abc',
      docker_version: '20',
      config: {
        Hostname: '',
        AttachStdin: false,
        Env: ['A=b'],
        Cmd: null,
        Volumes: { '/data': {} },
        OnBuild: null,
      },
      history: [{ created_by: 'x', empty_layer: true }],
    };
    expect(parseImageConfig(encodeJSON(written))).toEqual({
      ...image,
      config: { Env: ['A=b'], Volumes: { '/data': {} } },
      history: [{ created_by: 'x', empty_layer: true }],
    });
  });

  it('takes an image without layers', () => {
    const empty = { ...image, rootfs: { type: 'layers', diff_ids: null } };
    expect(parseImageConfig(encodeJSON(empty)).rootfs.diff_ids).toEqual([]);
  });

  it.each([
    [
      'a wrong rootfs type',
      { ...image, rootfs: { type: 'tree', diff_ids: [] } },
      /rootfs\.type: want "layers"/,
    ],
    ['no rootfs', { ...image, rootfs: undefined }, /rootfs: want an object/],
    ['Env as a map', { ...image, config: { Env: { A: 'b' } } }, /config\.Env: want a list/],
    ['a short diffID', { ...image, rootfs: { type: 'layers', diff_ids: ['sha256:ab'] } }, /diff_ids\[0\]/],
    ['no architecture', { ...image, architecture: undefined }, /architecture: want a string, got nothing/],
  ])('refuses %s', (_title, value, message) => {
    expect(() => parseImageConfig(encodeJSON(value))).toThrow(
      expect.objectContaining({ code: 'bad-config', message: expect.stringMatching(message) }),
    );
  });
});
