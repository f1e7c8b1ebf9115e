import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { configPlaces, readConfig } from '../../../src/cli/config/config-file.ts';
import { defaultPruneSettings } from '../../../src/cli/prune/settings.ts';
import { stateRoot } from '../../../src/cli/state-root.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'strata-config-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** Writes the given files and reads them as the machine's, the person's and Docker's. */
function read(files: Partial<Record<'system' | 'user' | 'docker', string>>) {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return readConfig({ own: [join(dir, 'system'), join(dir, 'user')], docker: [join(dir, 'docker')] });
}

test('without any file everything is empty', () => {
  expect(read({})).toEqual({
    registryMirrors: new Map(),
    insecureRegistries: [],
    caFiles: [],
    proxy: {},
    prune: defaultPruneSettings,
  });
});

test("the person's file wins member by member", () => {
  const config = read({
    system:
      '{"runtime": "runc", "max-parallelism": 2, "compression": "zstd", "registry-mirrors": {"docker.io": ["http://a"]}}',
    user: '{"runtime": "/opt/crun", "ca-files": ["/ca.pem"], "insecure-registries": ["r:5000"]}',
    docker: '{"registry-mirrors": ["http://docker"]}',
  });
  expect(config).toEqual({
    runtime: '/opt/crun',
    maxParallelism: 2,
    compression: 'zstd',
    registryMirrors: new Map([['docker.io', ['http://a']]]),
    caFiles: ['/ca.pem'],
    insecureRegistries: ['r:5000'],
    proxy: {},
    prune: defaultPruneSettings,
  });
});

test('proxies are put together from all files', () => {
  const config = read({
    system: '{"http-proxy": "http://a:1", "no-proxy": "x"}',
    user: '{"https-proxy": "http://b:2", "no-proxy": ""}',
  });
  expect(config.proxy).toEqual({ http: 'http://a:1', https: 'http://b:2', no: '' });
});

test("of Docker's files the person's is read before the machine's", () => {
  const docker = [join(dir, 'mine'), join(dir, 'docker')];
  writeFileSync(join(dir, 'mine'), '{"registry-mirrors": ["http://mine"]}');
  writeFileSync(join(dir, 'docker'), '{"registry-mirrors": ["http://docker"]}');
  expect(readConfig({ own: [], docker }).registryMirrors).toEqual(new Map([['docker.io', ['http://mine']]]));
  rmSync(join(dir, 'mine'));
  expect(readConfig({ own: [], docker }).registryMirrors).toEqual(
    new Map([['docker.io', ['http://docker']]]),
  );
});

test("Docker's mirrors are read when there are no others, and nothing else of its file", () => {
  const config = read({
    docker: '{"registry-mirrors": ["http://docker"], "runtimes": {}, "insecure-registries": ["x"]}',
  });
  expect(config.registryMirrors).toEqual(new Map([['docker.io', ['http://docker']]]));
  expect(config.insecureRegistries).toEqual([]);
});

test('what prunes go by is put together from all files', () => {
  const config = read({
    system: '{"prune": {"keep-size": "50%", "older-than": "30d"}}',
    user: '{"prune": {"automatic": false, "free": "20g"}}',
  });
  expect(config.prune).toEqual({ isAutomatic: false, keepSize: '50%', free: '20g', olderThan: '30d' });
});

const bad: [
  title: string,
  file: 'system' | 'user' | 'docker',
  text: string,
  message: RegExp,
  hint?: RegExp,
][] = [
  ['not JSON', 'user', '{', /user is not JSON/],
  ['not an object', 'system', '[]', /system does not hold a JSON object/],
  [
    'an unknown member',
    'system',
    '{"runtme": "x"}',
    /system: unknown member "runtme"/,
    /did you mean "runtime"/,
  ],
  [
    'a member in the singular',
    'user',
    '{"insecure-registry": []}',
    /unknown/,
    /did you mean "insecure-registries"/,
  ],
  ['a member in camel case', 'user', '{"maxParallelism": 1}', /unknown/, /did you mean "max-parallelism"/],
  ['a part of a member', 'user', '{"mirrors": {}}', /unknown/, /did you mean "registry-mirrors"/],
  ['more than a member', 'user', '{"default-compression": ""}', /unknown/, /did you mean "compression"/],
  ['nothing like a member', 'user', '{"telemetry": true}', /unknown/, /^the members are registry-mirrors, /],
  ['a name of every object', 'system', '{"toString": "x"}', /unknown member "toString"/],
  [
    'mirrors in the form of Docker',
    'user',
    '{"registry-mirrors": ["http://a"]}',
    /user: "registry-mirrors" must be an object such as/,
  ],
  [
    'mirrors that are no list',
    'user',
    '{"registry-mirrors": {"docker.io": "http://a"}}',
    /must be an object such as/,
  ],
  ['a number as text', 'user', '{"max-parallelism": "2"}', /"max-parallelism" must be a number above 0/],
  ['a compression nobody knows', 'user', '{"compression": "lz4"}', /must be one of gzip, zstd, uncompr/],
  [
    'a snapshotter nobody knows',
    'user',
    '{"snapshotter": "btrfs"}',
    /must be one of overlay, fuse-overlayfs/,
  ],
  ['a member nearly right', 'user', '{"compresion": "zstd"}', /"compresion"/, /did you mean "compression"/],
  ['a prune by a number', 'user', '{"prune": {"keep-size": 5}}', /"prune" must be an object such as/],
  [
    'a prune by a wrong size',
    'user',
    '{"prune": {"free": "5 apples"}}',
    /free 5 apples: not a number of bytes/,
  ],
  ['a prune by a wrong age', 'user', '{"prune": {"older-than": "soon"}}', /older-than soon: not a duration/],
  ['an unknown member of prune', 'user', '{"prune": {"size": "5g"}}', /"prune" must be an object such as/],
  ['an empty string', 'user', '{"ca-files": [""]}', /"ca-files" must be a list of strings/],
  [
    "Docker's file with other mirrors",
    'docker',
    '{"registry-mirrors": "http://a"}',
    /docker: "registry-mirrors" must be a list/,
  ],
];

test.each(bad)('%s', (_title, file, text, message, hint) => {
  const error = (() => {
    try {
      return read({ [file]: text });
    } catch (caught) {
      return caught;
    }
  })();
  expect(error).toMatchObject({ code: 'bad-config-file', message: expect.stringMatching(message) });
  if (hint !== undefined) expect(error).toMatchObject({ hint: expect.stringMatching(hint) });
});

test('a directory in place of a file is said', () => {
  mkdirSync(join(dir, 'system'));
  expect(() => read({})).toThrow(/cannot read .*system: EISDIR/);
});

const places: [env: Record<string, string>, want: string][] = [
  [{ HOME: '/home/a' }, '/home/a/.config/strata/config.json'],
  [{ HOME: '/home/a', XDG_CONFIG_HOME: '/c' }, '/c/strata/config.json'],
];
test.each(places)('with %j the person has %s', (env, want) => {
  expect(configPlaces(env).own).toEqual(['/etc/strata/config.json', want]);
});

const roots: [
  title: string,
  flag: string | undefined,
  env: Record<string, string>,
  isRoot: boolean,
  want: string,
][] = [
  ['the flag wins', '/x', { STRATA_ROOT: '/y' }, true, '/x'],
  ['then the variable', undefined, { STRATA_ROOT: '/y' }, true, '/y'],
  ["root has the system's", undefined, { XDG_DATA_HOME: '/d' }, true, '/var/lib/strata'],
  ['others have their own', undefined, { XDG_DATA_HOME: '/d' }, false, '/d/strata'],
  ['in their home by default', undefined, { HOME: '/home/a' }, false, '/home/a/.local/share/strata'],
];
test.each(roots)('state: %s', (_title, flag, env, isRoot, want) => {
  expect(stateRoot(flag, env, isRoot)).toBe(want);
});
