import { describe, expect, it } from 'vitest';
import { type Manifest, mediaTypes } from '../../src/oci/descriptor.ts';
import type { ImageConfig } from '../../src/oci/image-config.ts';
import { checkDocuments } from '../../src/oci/validate.ts';

const digest = `sha256:${'a'.repeat(64)}` as const;
const layer = { mediaType: mediaTypes.ociLayerGzip, digest, size: 1 };
const manifest: Manifest = {
  schemaVersion: 2,
  mediaType: mediaTypes.ociManifest,
  config: { mediaType: mediaTypes.ociConfig, digest, size: 1 },
  layers: [layer, layer],
};
const config: ImageConfig = {
  architecture: 'amd64',
  os: 'linux',
  rootfs: { type: 'layers', diff_ids: [digest, digest] },
  history: [{ created_by: 'a' }, { created_by: 'b', empty_layer: true }, { created_by: 'c' }],
};
const docker: Manifest = {
  schemaVersion: 2,
  mediaType: mediaTypes.dockerManifest,
  config: { mediaType: mediaTypes.dockerConfig, digest, size: 1 },
  layers: [
    { mediaType: mediaTypes.dockerLayerGzip, digest, size: 1 },
    { mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', digest, size: 1 },
  ],
};

describe('checkDocuments', () => {
  const cases: [string, Manifest, ImageConfig, string[]][] = [
    ['a sound image', manifest, config, []],
    ['a sound Docker image', docker, config, []],
    ['no history at all', manifest, { ...config, history: [] }, []],
    ['a layer too many', { ...manifest, layers: [layer, layer, layer] }, config, ['diff-id-count config']],
    [
      'a history entry too few',
      manifest,
      { ...config, history: [{ created_by: 'a' }] },
      ['history-count config'],
    ],
    [
      'types mixed',
      { ...manifest, layers: [layer, { ...layer, mediaType: mediaTypes.dockerLayerGzip }] },
      config,
      ['media-type layer 1'],
    ],
    [
      'an OCI layer in a Docker manifest',
      { ...docker, layers: [layer, layer] },
      config,
      ['media-type layer 0', 'media-type layer 1'],
    ],
    [
      'everything wrong at once',
      {
        ...manifest,
        mediaType: 'text/plain',
        config: { ...manifest.config, mediaType: 'text/plain' },
        layers: [{ ...layer, mediaType: 'text/plain' }],
      },
      { ...config, os: '', history: [] },
      [
        'diff-id-count config',
        'media-type manifest',
        'media-type config',
        'media-type layer 0',
        'platform config',
      ],
    ],
  ];
  it.each(cases)('%s', (_title, givenManifest, givenConfig, want) => {
    const findings = checkDocuments(givenManifest, givenConfig);
    expect(findings.map(({ code, where }) => `${code} ${where}`)).toEqual(want);
  });
});
