/** Bytes that changed in a store by themselves: the build that meets them says so and makes them good. */
import { randomUUID } from 'node:crypto';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectDir } from '../structure/imports.ts';
import { sandboxNeeds } from '../support/capabilities.ts';
import { runOk } from '../support/process.ts';
import { type Registry, startRegistry } from '../support/registry.ts';
import { describeBuilds } from '../support/site.ts';

/** Every layer is the same whenever it is made: its files bear old dates, the image's is given. */
const dockerfile = (base: string) => `
FROM ${base} AS tools
RUN head -c 3000000 /dev/zero > /tool && touch -d @1 /tool

FROM ${base} AS app
WORKDIR /app
RUN echo made > made && touch -d @1 made .
COPY --from=tools /tool .
COPY files files
`;

describeBuilds([...sandboxNeeds, 'registry'], 'a store with damage in', (site) => {
  let registry: Registry;
  let context = '';
  let want = '';
  let count = 0;
  /** Exports the image and says what it is, and what was said meanwhile. */
  const build = async (dest = site.path(`app-${++count}.tar`)) => {
    const epoch = ['--build-arg', 'SOURCE_DATE_EPOCH=1000000000'];
    const args = [
      'build',
      ...epoch,
      '--progress',
      'plain',
      '-t',
      'app',
      '-o',
      `type=oci,dest=${dest}`,
      context,
    ];
    const { code, stdout, stderr } = await site.strata(args);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const warnings = (stdout + stderr).split('\n').filter((line) => line.endsWith('[store-damage]'));
    return { index: await runOk('tar', ['-xOf', dest, 'index.json']), warnings, log: stdout + stderr };
  };

  beforeAll(async () => {
    registry = await startRegistry(site.path('registry'));
    const base = `${registry.host}/base`;
    await site.makeBusyboxBase();
    await site.strataOk(['tag', 'strata-base/busybox', base]);
    await site.strataOk(['push', base]);
    await site.strataOk(['rmi', base, 'strata-base/busybox']);
    await site.strataOk(['prune', '--all']);
    context = site.files('app', { Dockerfile: dockerfile(base), 'files/a': 'a', 'files/b': 'b' });
    await runOk('touch', [
      '-d',
      '@1000',
      join(context, 'files/a'),
      join(context, 'files/b'),
      join(context, 'files'),
    ]);
    want = (await build()).index;
  });
  afterAll(() => registry?.stop());

  /** The files of a kind, largest first. */
  const files = (directory: string, pattern: RegExp): string[] =>
    readdirSync(join(site.root, directory))
      .filter((name) => pattern.test(name))
      .map((name) => join(site.root, directory, name))
      .sort((a, b) => statSync(b).size - statSync(a).size);
  const blobs = (isWanted: (bytes: Buffer) => boolean) =>
    files('images/blobs/sha256', /./).filter((path) => isWanted(readFileSync(path)));
  const isLayer = (bytes: Buffer) => bytes[0] === 0x1f;
  const isDocument = (bytes: Buffer) => bytes[0] === 0x7b;

  const flip = (path: string) => {
    const bytes = readFileSync(path);
    const at = bytes.length >> 1;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(path, bytes);
  };
  const cut = (path: string) => truncateSync(path, statSync(path).size >> 1);

  const kinds: [kind: string, find: () => string[], named: RegExp][] = [
    ['layers', () => blobs(isLayer), /the stored blob sha256:[0-9a-f]{64} is damaged/],
    ['manifests and configs', () => blobs(isDocument), /the stored blob sha256:[0-9a-f]{64} is damaged/],
    ['step records', () => files('steps', /\.json$/), /steps\/[0-9a-f]{64}\.json in the store is damaged/],
    ['layer records', () => files('layers', /^[a-z0-9]+\.json$/), /layers\/[a-z0-9]+\.json in the store/],
    ['facts', () => files('facts', /./), /facts\/[0-9a-f]{64} in the store is damaged/],
    ['the index of the context', () => files('contexts', /./), /contexts\/[0-9a-f]{32} in the store/],
    [
      'the names',
      () => [join(site.root, 'images/index.json')],
      /images\/index\.json in the store is damaged/,
    ],
  ];
  const ways: [how: string, damage: (path: string) => void][] = [
    ['a flipped bit', flip],
    ['half of it gone', cut],
  ];
  describe.each(kinds)('%s', (_kind, find, named) => {
    test.each(ways)('%s: named, and made good by the same build', async (_how, damage) => {
      // What was learnt of files that are older than the build.
      await build();
      const damaged = find();
      expect(damaged.length).toBeGreaterThan(0);
      for (const path of damaged) damage(path);
      const { index, warnings } = await build();
      expect(index).toBe(want);
      expect(warnings).toContainEqual(expect.stringMatching(named));
      expect(await build()).toMatchObject({ index: want, warnings: [] });
    });
  });

  test('the beginning of a download: named, and downloaded anew', async () => {
    const name = basename(blobs(isLayer)[0] ?? '');
    await site.strataOk(['rmi', 'app']);
    await site.strataOk(['prune', '--all']);
    mkdirSync(join(site.root, 'partial'), { recursive: true });
    writeFileSync(join(site.root, 'partial', name), 'not what it begins with');
    const dest = site.path('anew.tar');
    const { index, log } = await build(dest);
    expect(index).toBe(want);
    expect(log).toContain(`what has arrived of sha256:${name} is damaged: downloading it again`);
    expect(readdirSync(join(site.root, 'partial'))).toEqual([]);
  });

  test('snapshots that a power cut may have cut are not trusted', async () => {
    await build();
    const treeOf = async (target: string) => {
      const dest = site.path(`${target}.tar`);
      const log = await site.strata([
        'build',
        '--progress',
        'plain',
        '--target',
        target,
        '-o',
        `type=tar,dest=${dest}`,
        context,
      ]);
      return { log: log.stdout + log.stderr, list: await runOk('tar', ['-tvf', dest]) };
    };
    const before = [(await treeOf('tools')).list, (await treeOf('app')).list];
    // As the disk may be found: everything has its name, and the content of nothing was written.
    const all = readdirSync(join(site.root, 'snapshots'), { recursive: true, withFileTypes: true });
    for (const entry of all) if (entry.isFile()) truncateSync(join(entry.parentPath, entry.name), 0);
    const [boot = ''] = readdirSync(join(site.root, 'unflushed'));
    renameSync(join(site.root, 'unflushed', boot), join(site.root, 'unflushed', randomUUID()));
    const { list, log } = await treeOf('tools');
    expect(log).toMatch(/the machine went down before \d+ snapshots were surely on the disk/);
    expect([list, (await treeOf('app')).list]).toEqual(before);
    expect(await build()).toMatchObject({ index: want, warnings: [] });
  });

  test('never goes into a stream', async () => {
    await build();
    for (const path of blobs(isLayer)) flip(path);
    const program = join(projectDir, 'bin/strata');
    const epoch = '--build-arg SOURCE_DATE_EPOCH=1000000000';
    const command = `'${program}' build ${epoch} -t app -o type=oci,dest=- '${context}' 2> /dev/null | tar -xO index.json`;
    expect(await runOk('sh', ['-c', command], { env: site.environment })).toBe(want);
  });
});
