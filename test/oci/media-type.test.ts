import { describe, expect, it } from 'vitest';
import { encodeJSON } from '../../src/oci/json.ts';
import { layerCompression, sniffMediaType, toDockerType, toOCIType } from '../../src/oci/media-type.ts';

describe('layerCompression', () => {
  it.each([
    ['application/vnd.oci.image.layer.v1.tar', 'uncompressed'],
    ['application/vnd.oci.image.layer.v1.tar+gzip', 'gzip'],
    ['application/vnd.oci.image.layer.v1.tar+zstd', 'zstd'],
    ['application/vnd.docker.image.rootfs.diff.tar.gzip', 'gzip'],
    ['application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', 'gzip'],
    ['application/vnd.oci.image.layer.nondistributable.v1.tar+zstd', 'zstd'],
  ])('%s is %s', (mediaType, want) => {
    expect(layerCompression(mediaType)).toBe(want);
  });

  it.each(['application/vnd.in-toto+json', 'toString', ''])('refuses "%s"', (mediaType) => {
    expect(() => layerCompression(mediaType)).toThrow(
      expect.objectContaining({ code: 'unknown-layer-type' }),
    );
  });
});

describe('toOCIType and toDockerType', () => {
  it.each([
    ['application/vnd.oci.image.index.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json'],
    ['application/vnd.oci.image.manifest.v1+json', 'application/vnd.docker.distribution.manifest.v2+json'],
    ['application/vnd.oci.image.config.v1+json', 'application/vnd.docker.container.image.v1+json'],
    ['application/vnd.oci.image.layer.v1.tar+gzip', 'application/vnd.docker.image.rootfs.diff.tar.gzip'],
  ])('%s', (oci, docker) => {
    expect([toDockerType(oci), toOCIType(docker), toOCIType(oci), toDockerType(docker)]).toEqual([
      docker,
      oci,
      oci,
      docker,
    ]);
  });
});

describe('sniffMediaType', () => {
  it.each([
    ['its own word', { schemaVersion: 2, mediaType: 'x/y', manifests: [] }, 'x/y'],
    ['a list of manifests', { schemaVersion: 2, manifests: [] }, 'application/vnd.oci.image.index.v1+json'],
    ['config and layers', { config: {}, layers: [] }, 'application/vnd.oci.image.manifest.v1+json'],
    ['schema 1', { schemaVersion: 1, fsLayers: [] }, 'application/vnd.docker.distribution.manifest.v1+json'],
    ['nothing', {}, undefined],
  ])('goes by %s', (_title, value, want) => {
    expect(sniffMediaType(encodeJSON(value))).toBe(want);
  });
});
