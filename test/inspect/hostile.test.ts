import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { mediaTypes } from '../../src/oci/descriptor.ts';
import { encodeJSON } from '../../src/oci/json.ts';
import { directory, file, type ImageParts, type Member } from '../support/image-parts.ts';
import { strata } from './cli.ts';
import { type LayoutWriter, openScratch, startLayout } from './images.ts';

const scratch = openScratch();
afterAll(() => scratch.remove());
let count = 0;
const newLayout = () => startLayout(scratch.path(`image-${count++}`));

/** Every look at an image that prints. */
const looks = [
  ['inspect', '--files'],
  ['inspect', '--files', '--json'],
  ['history'],
  ['history', '--no-trunc', '--json'],
  ['history', '--format', '{{.CreatedBy}} {{.CreatedAt}} {{.CreatedSince}} {{json .Comment}}'],
];

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const acting = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/;
const evil = '\x1b]0;owned\x07\x1b[2J\x9b31m\x7f\u202edetrever\r\n';

const symlink = (name: string, linkname: string): Member => ({ name, type: 'symlink', linkname });
const hardlink = (name: string, linkname: string): Member => ({ name, type: 'link', linkname });

describe('what cannot hold is told, and the rest is shown', () => {
  test.each<[title: string, parts: ImageParts, findings: string[], files: string[]]>([
    [
      'links that lead round in circles',
      { layers: [[symlink('a', 'b'), symlink('b', 'a'), symlink('c', 'c'), file('d')]] },
      [],
      ['/a', '/b', '/c', '/d'],
    ],
    [
      'a file behind a link that leads outside',
      { layers: [[symlink('out', '/etc')], [file('out/passwd', 'mine')]] },
      [],
      ['/out', '/out/passwd'],
    ],
    [
      'hard links to themselves, to each other and to the outside',
      {
        layers: [[hardlink('a', 'a'), hardlink('b', 'c'), hardlink('c', 'b'), hardlink('d', '/etc/shadow')]],
      },
      [
        'missing-link-target: "a" is a hard link to "a", which no member before it is',
        'missing-link-target: "b" is a hard link to "c", which no member before it is',
        'escaping-link: "/etc/shadow" is absolute',
        'missing-link-target: "d" is a hard link to "/etc/shadow", which no member before it is',
      ],
      ['/a', '/b', '/c', '/d'],
    ],
    [
      'devices and pipes are listed, not opened',
      {
        layers: [
          [
            { name: 'sda', type: 'block-device', devmajor: 8, devminor: 0 },
            { name: 'zero', type: 'character-device', devmajor: 1, devminor: 5 },
            { name: 'pipe', type: 'fifo' },
          ],
        ],
      },
      [],
      ['/pipe', '/sda', '/zero'],
    ],
    [
      'whiteouts of whiteouts, of the root, with content, and of what their own layer has',
      {
        layers: [
          [file('a')],
          [file('.wh..wh.a', ''), file('.wh.b', 'full'), file('a'), file('.wh.a', ''), file('.wh..', '')],
        ],
      },
      [
        'bad-whiteout: ".wh.b" is not an empty file',
        'whiteout-conflict: "a" is there and deleted by the same layer',
        expect.stringMatching(/^bad-whiteout: .*"\.wh\.\."/),
      ],
      ['/a'],
    ],
    [
      'more layers than the config knows',
      { layers: [[file('a')], [file('b')]], config: { rootfs: { type: 'layers', diff_ids: [] } } },
      [
        'diff-id-count: the manifest has 2 layers, rootfs.diff_ids has 0',
        'history-count: history has 2 entries that made a layer, rootfs.diff_ids has 0',
      ],
      ['/a', '/b'],
    ],
    [
      'a layer that says it is compressed',
      { layers: [[file('a')]], compress: (tar) => tar },
      [expect.stringMatching(/^media-type: .* says gzip, the bytes are uncompressed$/)],
      ['/a'],
    ],
    [
      'bytes behind the end of the archive and of the compression',
      { layers: [[file('a')]], compress: (tar) => Buffer.concat([gzipSync(tar), Buffer.from('more')]) },
      [expect.stringMatching(/^layer-bad-compression: /)],
      [],
    ],
    [
      'an archive that is none',
      { tars: [Buffer.alloc(1024, 'x')] },
      [expect.stringMatching(/^tar-bad-header: /)],
      [],
    ],
    [
      'an archive that ends in a header',
      { tars: [Buffer.from(`${'a'.padEnd(100, '\0')}0000644\0`)] },
      [expect.stringMatching(/^tar-truncated: /)],
      [],
    ],
    [
      'names that act on terminals',
      { layers: [[directory(`d${evil}`), file(`d${evil}/f`), file(`../${evil}`)]] },
      [expect.stringMatching(/^escaping-name: /)],
      [`/d${evil}`, `/d${evil}/f`],
    ],
    [
      'a hundred wrong names',
      { layers: [Array.from({ length: 100 }, (_, index) => file(`/${index}`))] },
      [
        ...Array.from({ length: 20 }, (_, index) => `escaping-name: "/${index}" is absolute`),
        'escaping-name: further ones of this kind are not listed',
      ],
      Array.from({ length: 100 }, (_, index) => `/${index}`).sort(),
    ],
  ])('%s', async (_title, parts, findings, files) => {
    const layout = newLayout();
    layout.name([[undefined, await layout.image(parts)]]);
    const { code, stdout, stderr } = await strata(['inspect', '--json', '--files', layout.directory]);
    const report = JSON.parse(stdout);
    expect({ code, stderr }).toEqual({ code: findings.length > 0 ? 1 : 0, stderr: '' });
    const told = report.findings.map(
      (each: { code: string; message: string }) => `${each.code}: ${each.message}`,
    );
    expect(told).toEqual(findings);
    expect(report.files.map(({ path }: { path: string }) => path)).toEqual(files);
    await expectHarmless(layout.directory);
  });
});

describe('a config of garbage', () => {
  test.each<[title: string, config: object, manifest: object]>([
    [
      'text that acts on terminals, everywhere',
      {
        author: evil,
        created: evil,
        config: {
          User: evil,
          WorkingDir: evil,
          Cmd: [evil],
          Env: [`A=${evil}`, evil],
          Labels: { [evil]: evil },
          ExposedPorts: { [evil]: {} },
          Volumes: { [evil]: {} },
          StopSignal: evil,
          OnBuild: [evil],
          Healthcheck: { Test: [evil] },
        },
        history: [{ created_by: evil, author: evil, comment: evil, created: evil }],
      },
      { annotations: { [evil]: evil } },
    ],
    ['a platform that is text', { os: evil, architecture: evil, variant: evil }, {}],
    ['no platform', { os: '', architecture: '' }, {}],
    ['dates that are none', { created: 'yesterday', history: [{ created_by: 'x', created: '' }] }, {}],
    ['names of prototypes', { config: { Labels: JSON.parse('{"__proto__":"x","constructor":"y"}') } }, {}],
  ])('%s', async (_title, config, manifest) => {
    const layout = newLayout();
    layout.name([[undefined, await layout.image({ config, manifest })]]);
    await expectHarmless(layout.directory);
  });
});

async function expectHarmless(image: string): Promise<void> {
  for (const args of looks) {
    const { code, stdout, stderr } = await strata([...args, image], { columns: 80, env: { NO_COLOR: '1' } });
    expect([0, 1]).toContain(code);
    expect(stdout + stderr).not.toMatch(acting);
    expect(stdout + stderr).not.toContain('NaN');
  }
}

describe('an image that cannot be read is an error that says where', () => {
  type Write = (layout: LayoutWriter) => Promise<void> | void;
  const manifestOf = (parts: object) => async (layout: LayoutWriter) => {
    layout.name([[undefined, await layout.image({ manifest: parts })]]);
  };
  const text = (bytes: string, mediaType: string) => (layout: LayoutWriter) =>
    layout.name([[undefined, layout.put(Buffer.from(bytes), mediaType)]]);
  const sha = `sha256:${'0'.repeat(64)}`;
  const layer = (parts: object) => ({ mediaType: mediaTypes.ociLayerGzip, digest: sha, size: 1, ...parts });

  test.each<[title: string, write: Write, code: string]>([
    ['no JSON', text('{', mediaTypes.ociManifest), 'bad-manifest'],
    ['a list', text('[]', mediaTypes.ociManifest), 'bad-manifest'],
    ['JSON a hundred thousand deep', text('['.repeat(100_000), mediaTypes.ociManifest), 'bad-manifest'],
    ['layers that are no list', manifestOf({ layers: {} }), 'bad-manifest'],
    [
      'a digest that is a path',
      manifestOf({ layers: [layer({ digest: 'sha256:../../../etc/passwd' })] }),
      'bad-manifest',
    ],
    [
      'a digest of another kind',
      manifestOf({ layers: [layer({ digest: `sha512:${'0'.repeat(128)}` })] }),
      'bad-manifest',
    ],
    ['a negative size', manifestOf({ layers: [layer({ size: -1 })] }), 'bad-manifest'],
    ['a size that is no number', manifestOf({ layers: [layer({ size: '1' })] }), 'bad-manifest'],
    [
      'a config that is not there',
      manifestOf({ config: layer({ mediaType: mediaTypes.ociConfig }) }),
      'blob-missing',
    ],
    [
      'a config that is a manifest',
      async (layout) => {
        const config = await layout.image();
        layout.name([[undefined, await layout.image({ manifest: { config } })]]);
      },
      'bad-config',
    ],
    [
      'a config of two gigabytes, so it says',
      manifestOf({ config: layer({ mediaType: mediaTypes.ociConfig, size: 2 ** 31 }) }),
      'blob-too-large',
    ],
    [
      'an index without an image',
      (layout) =>
        layout.name([
          [undefined, layout.put(encodeJSON({ schemaVersion: 2, manifests: [] }), mediaTypes.ociIndex)],
        ]),
      'no-matching-platform',
    ],
    [
      'an index in an index in an index …',
      async (layout) => {
        let target = await layout.image();
        for (let depth = 0; depth < 50; depth++)
          target = layout.put(encodeJSON({ schemaVersion: 2, manifests: [target] }), mediaTypes.ociIndex);
        layout.name([[undefined, target]]);
      },
      'bad-index',
    ],
  ])('%s', async (_title, write, code) => {
    const layout = newLayout();
    await write(layout);
    const result = await strata(['inspect', layout.directory]);
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toContain(`[${code}]`);
    expect(result.stderr).toContain(layout.directory);
    expect(result.stderr).not.toMatch(acting);
  });
});

test('nothing of all this has written or followed anything', async () => {
  const before = readdirSync(scratch.dir).sort();
  const outside = scratch.path('outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'secret'), 'not to be read');
  const layout = newLayout();
  const members = [
    symlink('link', outside),
    file('link/secret', 'of the image'),
    hardlink('copy', 'link/secret'),
  ];
  layout.name([[undefined, await layout.image({ layers: [members, [file('link/.wh.secret', '')]] })]]);
  const { stdout } = await strata(['inspect', '--json', '--files', layout.directory]);
  expect(stdout).not.toContain('not to be read');
  const copy = JSON.parse(stdout).files.find(({ path }: { path: string }) => path === '/copy');
  expect(copy).toMatchObject({ type: 'hardlink', link: '/link/secret' });
  expect(readdirSync(outside)).toEqual(['secret']);
  expect(readdirSync(scratch.dir).sort()).toEqual([...before, `image-${count - 1}`, 'outside'].sort());
});
