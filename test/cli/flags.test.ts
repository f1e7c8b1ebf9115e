import { describe, expect, test } from 'vitest';
import { parseBytes } from '../../src/cli/flags/amount.ts';
import { type BuildFlags, readBuildOptions, type Surroundings } from '../../src/cli/flags/build-options.ts';
import { parseCache } from '../../src/cli/flags/cache.ts';
import { splitFields } from '../../src/cli/flags/csv.ts';
import { parseOutput } from '../../src/cli/flags/output.ts';
import { parseAnnotation, parseHost, parseUlimit } from '../../src/cli/flags/pairs.ts';
import { parseResources } from '../../src/cli/flags/resources.ts';
import { parseSecret, parseSsh } from '../../src/cli/flags/secret.ts';
import { defaultPruneSettings } from '../../src/cli/prune/settings.ts';

/** A value, or the code and a part of what the error says and hints. */
type Want = unknown;

function outcome(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || !('hint' in error)) throw error;
    return `${error.code}: ${error.message}${error.hint === undefined ? '' : ` | ${error.hint}`}`;
  }
}

describe('splitFields', () => {
  const rows: [text: string, want: Want][] = [
    ['a=1,b=2', ['a=1', 'b=2']],
    ['"a=1,2",b', ['a=1,2', 'b']],
    ['"say ""hi"""', ['say "hi"']],
    ['a,,b', ['a', '', 'b']],
    ['', ['']],
    [
      'a"b',
      'bad-flag-value: --x a"b: a quoted field must start and end at a comma | quote whole fields: "key=a,b"',
    ],
    [
      '"a',
      'bad-flag-value: --x "a: a quoted field must start and end at a comma | quote whole fields: "key=a,b"',
    ],
  ];
  test.each(rows)('%s', (text, want) => {
    expect(outcome(() => splitFields('--x', text))).toEqual(want);
  });
});

describe('--output', () => {
  const rows: [text: string, want: Want][] = [
    ['out', { type: 'local', dest: 'out', attributes: {} }],
    ['-', { type: 'tar', dest: '-', attributes: {} }],
    ['type=oci,dest=a.tar', { type: 'oci', dest: 'a.tar', attributes: {} }],
    ['"type=oci,"', 'bad-output: --output "type=oci,": unknown type "oci," | did you mean type=oci?'],
    ['type=oci', { type: 'oci', dest: '-', attributes: {} }],
    ['TYPE=oci,Dest=a,TAR=0', { type: 'oci', dest: 'a', attributes: { tar: 'false' } }],
    [
      'type=oci,dest=a,annotation.org.Example=x=y',
      { type: 'oci', dest: 'a', attributes: { 'annotation.org.Example': 'x=y' } },
    ],
    ['type=image', { type: 'image', dest: undefined, attributes: {} }],
    [
      'type=local',
      'bad-output: --output type=local: dest is missing | type=local wants the directory to write to: type=local,dest=DIR',
    ],
    [
      'type=image,dest=x',
      'bad-output: --output type=image,dest=x: type=image has no dest | type=oci and type=docker write files',
    ],
    ['type=ocy,dest=x', 'bad-output: --output type=ocy,dest=x: unknown type "ocy" | did you mean type=oci?'],
    [
      'dest=x',
      'bad-output: --output dest=x: type is missing | the types are oci, docker, tar, local, registry, image',
    ],
    ['type=oci,dst=x', 'unknown-key: --output type=oci,dst=x: unknown key "dst" | did you mean dest?'],
    ['type=local,dest=x,tar=true', expect.stringMatching(/^unknown-key: .*unknown key "tar"/)],
    [
      'type=oci,dest',
      'missing-value: --output type=oci,dest: "dest" is not of the form key=value | for example type=oci,dest=image.tar',
    ],
    ['type=oci,dest=a,dest=b', 'repeated-key: --output type=oci,dest=a,dest=b: dest is given twice'],
    ['type=oci,tar=maybe', 'bad-output: --output type=oci,tar=maybe: tar is true or false, not "maybe"'],
    ['type=oci,tar=false', expect.stringMatching(/a directory cannot go to standard output/)],
    [
      'type=oci,compression=lz4',
      expect.stringMatching(/unknown compression "lz4" \| the compressions are gzip, zstd, uncompressed/),
    ],
  ];
  test.each(rows)('%s', (text, want) => {
    expect(outcome(() => parseOutput(text))).toEqual(want);
  });
});

const annotation = (level: string, name: string, value: string) => ({
  level,
  name,
  value,
  platform: undefined,
});

describe('--secret', () => {
  const env = { TOKEN: 'x' };
  const rows: [text: string, want: Want][] = [
    ['id=a,src=f', { id: 'a', source: 'f' }],
    ['id=a,source=f', { id: 'a', source: 'f' }],
    ['id=a,env=B', { id: 'a', env: 'B' }],
    ['type=env,id=a,src=B', { id: 'a', env: 'B' }],
    ['type=file,id=TOKEN', { id: 'TOKEN', source: 'TOKEN' }],
    ['id=TOKEN', { id: 'TOKEN', env: 'TOKEN' }],
    ['id=file', { id: 'file', source: 'file' }],
    ['src=f', 'bad-secret: --secret src=f: id is missing | for example id=token,src=token.txt'],
    ['id=a,sorce=f', 'unknown-key: --secret id=a,sorce=f: unknown key "sorce" | did you mean source?'],
    ['id=a,src=', 'missing-value: --secret id=a,src=: src needs a value | write src=…'],
    [
      'id=a,src=f,env=B',
      'bad-secret: --secret id=a,src=f,env=B: src and env are both given | give one of them',
    ],
    ['id=a,type=dir', 'bad-secret: --secret id=a,type=dir: unknown type "dir" | the types are file and env'],
  ];
  test.each(rows)('%s', (text, want) => {
    expect(outcome(() => parseSecret(text, env))).toEqual(want);
  });
});

describe('--ssh', () => {
  const rows: [text: string, want: Want][] = [
    ['default', { id: 'default', paths: [] }],
    ['deploy=/a,/b', { id: 'deploy', paths: ['/a', '/b'] }],
    ['=x', expect.stringMatching(/^bad-ssh: .*the id is empty/)],
    ['a=', expect.stringMatching(/^bad-ssh: .*a path is empty/)],
  ];
  test.each(rows)('%s', (text, want) => {
    expect(outcome(() => parseSsh(text))).toEqual(want);
  });
});

describe('--cache-from and --cache-to', () => {
  const rows: [direction: 'from' | 'to', text: string, want: Want][] = [
    ['from', 'example.org/app:cache', { type: 'registry', attributes: { ref: 'example.org/app:cache' } }],
    ['from', 'type=local,src=dir', { type: 'local', attributes: { src: 'dir' } }],
    [
      'to',
      'type=registry,ref=a,mode=max,ignore-error=true',
      { type: 'registry', attributes: { ref: 'a', mode: 'max', 'ignore-error': 'true' } },
    ],
    ['to', 'type=inline', { type: 'inline', attributes: {} }],
    [
      'from',
      'type=inline',
      'bad-cache: --cache-from type=inline: unknown type "inline" | the types are registry, local',
    ],
    [
      'to',
      'type=locl,dest=x',
      'bad-cache: --cache-to type=locl,dest=x: unknown type "locl" | did you mean type=local?',
    ],
    ['to', 'type=local,src=x', expect.stringMatching(/^unknown-key: .*unknown key "src"/)],
    ['to', 'type=local', 'bad-cache: --cache-to type=local: dest is missing | write type=local,dest=…'],
    ['to', 'dest=x', expect.stringMatching(/^bad-cache: .*type is missing/)],
    [
      'to',
      'type=local,dest=x,mode=all',
      'bad-cache: --cache-to type=local,dest=x,mode=all: mode cannot be "all" | it can be min or max',
    ],
    ['to', 'type=local,dest=x,compression=lzma', expect.stringMatching(/gzip or zstd or uncompressed$/)],
    ['to', 'type=local,dest=x,compression-level=10', expect.stringMatching(/gzip has levels from 0 to 9$/)],
    ['to', 'type=registry,ref=a,image-manifest=false', expect.stringMatching(/it can be true$/)],
    [
      'to',
      'type=registry,ref=a,image-manifest=true,oci-mediatypes=true',
      { type: 'registry', attributes: { ref: 'a', 'image-manifest': 'true', 'oci-mediatypes': 'true' } },
    ],
    ['from', 'type=registry,ref=a,ignore-error=yes', expect.stringMatching(/ignore-error cannot be "yes"/)],
    [
      'to',
      'type=gha,mode=max',
      expect.stringMatching(/strata keeps no caches of type=gha \| use type=registry .*actions\/cache$/),
    ],
    ['from', 'type=s3,bucket=b', expect.stringMatching(/strata keeps no caches of type=s3 \| use type=reg/)],
    ['from', 'type=azblob', expect.stringMatching(/strata keeps no caches of type=azblob \| use type=reg/)],
  ];
  test.each(rows)('%s %s', (direction, text, want) => {
    expect(outcome(() => parseCache(direction, text))).toEqual(want);
  });
});

describe('amounts', () => {
  const bytes: [text: string, want: Want][] = [
    ['512', 512],
    ['512b', 512],
    ['1k', 1024],
    ['64MB', 64 * 1024 ** 2],
    ['1.5g', 1.5 * 1024 ** 3],
    ['2GiB', 2 * 1024 ** 3],
    ['-1', expect.stringMatching(/^bad-flag-value/)],
    ['much', 'bad-flag-value: --memory much: not a number of bytes | for example 512m or 2g'],
  ];
  test.each(bytes)('bytes %s', (text, want) => {
    expect(outcome(() => parseBytes('--memory', text))).toEqual(want);
  });

  const resources: [
    title: string,
    given: { memory?: string; cpus?: string; resource?: string[] },
    want: Want,
  ][] = [
    ['nothing', {}, {}],
    [
      'memory and cpus',
      { memory: '1g', cpus: '1.5' },
      { memoryBytes: 1024 ** 3, cpuPeriod: 100_000, cpuQuota: 150_000 },
    ],
    [
      'resources',
      { resource: ['memory=1k,cpu-quota=5000', '"cpuset-cpus=0-3,5"', 'pids-limit=20'] },
      { memoryBytes: 1024, cpuQuota: 5000, cpusetCpus: '0-3,5', pidsLimit: 20 },
    ],
    ['no cpus at all', { cpus: '0' }, 'bad-flag-value: --cpus 0: want a number of 0.01 or more'],
    ['twice', { memory: '1g', resource: ['memory=2g'] }, expect.stringMatching(/^conflicting-flags/)],
    ['an unknown one', { resource: ['cpu-share=1'] }, expect.stringMatching(/did you mean cpu-shares/)],
    [
      'not a number',
      { resource: ['cpu-shares=many'] },
      'bad-flag-value: --resource cpu-shares=many: cpu-shares many: want a whole number, 1 or more',
    ],
    [
      'no process',
      { resource: ['pids-limit=0'] },
      'bad-flag-value: --resource pids-limit=0: pids-limit 0: want a whole number, 1 or more',
    ],
    [
      'as many processes as there is room for',
      { resource: ['pids-limit=-1'] },
      'bad-flag-value: --resource pids-limit=-1: pids-limit -1: want a whole number, 1 or more',
    ],
  ];
  test.each(resources)('resources: %s', (_title, given, want) => {
    expect(outcome(() => parseResources({ resource: [], ...given }))).toEqual(want);
  });
});

describe('pairs', () => {
  const rows: [title: string, read: () => unknown, want: Want][] = [
    ['host', () => parseHost('db:10.0.0.5'), 'db:10.0.0.5'],
    ['host with =', () => parseHost('db=10.0.0.5'), 'db:10.0.0.5'],
    ['IPv6 host', () => parseHost('db:[::1]'), 'db:::1'],
    ['host without address', () => parseHost('db'), expect.stringMatching(/^bad-flag-value/)],
    ['ulimit', () => parseUlimit('nofile=1024:2048'), 'nofile=1024:2048'],
    ['ulimit without value', () => parseUlimit('nofile'), expect.stringMatching(/^bad-flag-value/)],
    ['annotation', () => parseAnnotation('a.B=c=d'), [annotation('manifest', 'a.B', 'c=d')]],
    [
      'annotation of the manifest',
      () => parseAnnotation('manifest:a=b:c'),
      [annotation('manifest', 'a', 'b:c')],
    ],
    [
      'annotation of several places',
      () => parseAnnotation('index,manifest-descriptor[linux/arm64/v8]:a='),
      [
        annotation('index', 'a', ''),
        { ...annotation('manifest-descriptor', 'a', ''), platform: 'linux/arm64' },
      ],
    ],
    [
      'annotation nowhere',
      () => parseAnnotation('tag:a=b'),
      expect.stringMatching(/^bad-annotation: .*"tag" is no place/),
    ],
    [
      'annotation without a name',
      () => parseAnnotation('index:=b'),
      expect.stringMatching(/^bad-flag-value/),
    ],
    ['annotation without a value', () => parseAnnotation('index:a'), expect.stringMatching(/^missing-value/)],
  ];
  test.each(rows)('%s', (_title, read, want) => {
    expect(outcome(read)).toEqual(want);
  });
});

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
    ['a bad platform', { platform: ['a/b/c/d'] }, expect.stringMatching(/^bad-platform: --platform/)],
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
