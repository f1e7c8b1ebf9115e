import { describe, expect, test } from 'vitest';
import {
  type BuildFlags,
  readBuildOptions,
  type Surroundings,
} from '../../../src/cli/flags/build-options.ts';
import { defaultPruneSettings } from '../../../src/cli/prune/settings.ts';
import { platformFromNode, printPlatform } from '../../../src/core/platform.ts';
import { outcome, type Want } from './outcome.ts';

const noFlags: BuildFlags = {
  tag: [],
  buildArg: [],
  buildContext: [],
  output: [],
  platform: [],
  cache: true,
  cacheFilter: true,
  cacheFrom: [],
  cacheTo: [],
  secret: [],
  ssh: [],
  network: 'default',
  addHost: [],
  ulimit: [],
  resource: [],
  allow: [],
  label: [],
  annotation: [],
  registryMirror: [],
  insecureRegistry: [],
};

const around: Surroundings = {
  context: '.',
  root: '/state',
  env: { VERSION: '7' },
  config: {
    registryMirrors: new Map([
      ['docker.io', ['http://a']],
      ['ghcr.io', ['http://b']],
    ]),
    insecureRegistries: ['old:5000'],
    caFiles: [],
    proxy: {},
    prune: defaultPruneSettings,
    runtime: 'crun',
  },
  processors: 3,
  isStdoutTerminal: false,
  failureShell: undefined,
};

describe('readBuildOptions', () => {
  const inline = { type: 'inline', attributes: {} };
  const rows: [title: string, flags: Partial<BuildFlags>, want: Want][] = [
    [
      'no output is the store',
      {},
      { outputs: [{ type: 'store' }], noCache: false, noCacheFilter: [], runtime: 'crun', maxParallelism: 3 },
    ],
    [
      '--load beside another output',
      { load: true, output: ['out'] },
      { outputs: [{ type: 'local' }, { type: 'store' }] },
    ],
    [
      'no stage and no file where the flags hold nothing',
      { target: '', file: '' },
      { target: undefined, dockerfile: undefined },
    ],
    ['another output alone', { output: ['out'] }, { outputs: [{ type: 'local', dest: 'out' }] }],
    [
      'a build argument from the environment',
      { buildArg: ['VERSION', 'X=', 'NONE'] },
      {
        buildArgs: [
          ['VERSION', '7'],
          ['X', ''],
          ['NONE', undefined],
        ],
      },
    ],
    ['an inline cache as a build argument', { buildArg: ['BUILDKIT_INLINE_CACHE=1'] }, { cacheTo: [inline] }],
    ['one that is switched off', { buildArg: ['BUILDKIT_INLINE_CACHE=0'] }, { cacheTo: [] }],
    [
      'one that is asked for twice',
      { buildArg: ['BUILDKIT_INLINE_CACHE=true'], cacheTo: ['type=inline'] },
      { cacheTo: [inline] },
    ],
    [
      'labels may be empty',
      { label: ['a', 'b=c=d'] },
      {
        labels: [
          ['a', ''],
          ['b', 'c=d'],
        ],
      },
    ],
    ['the network of the host is allowed by asking for it', { network: 'host' }, { allow: ['network.host'] }],
    [
      'the network of the host, asked for and allowed',
      { network: 'host', allow: ['device', 'network.host'] },
      { allow: ['device', 'network.host'] },
    ],
    ['no cache', { cache: false, cacheFilter: ['a', 'b'] }, { noCache: true, noCacheFilter: ['a', 'b'] }],
    [
      'mirrors of the command line replace those of their host',
      { registryMirror: ['docker.io=http://x', 'docker.io=http://y'], insecureRegistry: ['new:1'] },
      {
        registry: {
          mirrors: new Map([
            ['docker.io', ['http://x', 'http://y']],
            ['ghcr.io', ['http://b']],
          ]),
          insecure: ['old:5000', 'new:1'],
        },
      },
    ],
    [
      'the flag wins over the configuration',
      { runtime: 'runc', maxParallelism: '1' },
      { runtime: 'runc', maxParallelism: 1 },
    ],
    [
      'a build argument without a name',
      { buildArg: ['=x'] },
      'bad-flag-value: --build-arg =x: the name is empty | write --build-arg NAME=VALUE',
    ],
    [
      'a context without a value',
      { buildContext: ['base'] },
      expect.stringMatching(/^missing-value: --build-context base/),
    ],
    [
      'a tag in upper case',
      { tag: ['App'] },
      expect.stringMatching(/^bad-reference: --tag: .* did you mean "app"/),
    ],
    [
      'a tag with a digest',
      { tag: [`app@sha256:${'0'.repeat(64)}`] },
      expect.stringMatching(/^bad-flag-value: --tag .*has no digest/),
    ],
    [
      'platforms in full',
      { platform: ['local', 'arm64', 'linux/x86_64'] },
      { platforms: [printPlatform(platformFromNode(process.arch)), 'linux/arm64', 'linux/amd64'] },
    ],
    [
      'a word that is no platform',
      { platform: ['amd46'] },
      expect.stringMatching(/^bad-platform: --platform: no platform is called "amd46"/),
    ],
    ['a bad platform', { platform: ['a/b/c/d'] }, expect.stringMatching(/^bad-platform: --platform/)],
    [
      'no attestations',
      { provenance: 'false', sbom: 'False', attest: ['type=sbom,disabled=true'] },
      { outputs: [{ type: 'store' }] },
    ],
    [
      'provenance',
      { provenance: 'mode=max' },
      'no-attestations: --provenance mode=max: strata writes no attestations | leave it out, or write --provenance=false',
    ],
    [
      'a list of contents',
      { attest: ['type=sbom'] },
      'no-attestations: --attest type=sbom: strata writes no attestations | leave it out, or write --attest=type=sbom,disabled=true',
    ],
    [
      'a network nobody knows',
      { network: 'hots' },
      'bad-flag-value: --network hots: unknown value | did you mean host?',
    ],
    [
      'an entitlement nobody knows',
      { allow: ['network.hots'] },
      expect.stringMatching(/did you mean network.host\?/),
    ],
    [
      'no parallelism',
      { maxParallelism: '0' },
      'bad-flag-value: --max-parallelism 0: want a whole number, 1 or more',
    ],
    [
      'two outputs to one place',
      { output: ['out', 'type=oci,dest=out'] },
      expect.stringMatching(/two outputs go to "out"/),
    ],
  ];
  test.each(rows)('%s', (_title, flags, want) => {
    const got = outcome(() => readBuildOptions({ ...noFlags, ...flags }, around));
    if (typeof want === 'object' && want !== null && !('asymmetricMatch' in want))
      expect(got).toMatchObject(want);
    else expect(got).toEqual(want);
  });

  test('an archive and an id do not share standard output', () => {
    const got = outcome(() => readBuildOptions({ ...noFlags, output: ['-'], quiet: true }, around));
    expect(got).toMatch(/^conflicting-flags: --quiet prints the image id/);
  });

  test('no archive is written to a terminal', () => {
    const got = outcome(() =>
      readBuildOptions({ ...noFlags, output: ['-'] }, { ...around, isStdoutTerminal: true }),
    );
    expect(got).toMatch(/^bad-output: --output: refusing to write an archive to the terminal/);
  });
});

test.each<[string, Partial<BuildFlags>, Record<string, string>, readonly (readonly [string, string])[]]>([
  ['of the environment', {}, { SOURCE_DATE_EPOCH: '7' }, [['SOURCE_DATE_EPOCH', '7']]],
  [
    'of a flag',
    { buildArg: ['SOURCE_DATE_EPOCH=8'] },
    { SOURCE_DATE_EPOCH: '7' },
    [['SOURCE_DATE_EPOCH', '8']],
  ],
  ['that is not given', {}, { SOURCE_DATE_EPOCH: '' }, []],
])('a time for the build: %s', (_title, flags, env, want) => {
  expect(readBuildOptions({ ...noFlags, ...flags }, { ...around, env }).buildArgs).toEqual(want);
});
