import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { directory, file, type Member } from '../support/image-parts.ts';
import { runOk } from '../support/process.ts';
import { expectGolden, strata } from './cli.ts';
import { openComparison } from './comparison.ts';
import { fixture, openScratch } from './images.ts';

const scratch = openScratch();
afterAll(() => scratch.remove());
const { image, compare } = openComparison(scratch);
const app1 = 'fixtures/images/app-1.tar';
const app2 = 'fixtures/images/app-2.tar';

describe('exact output for the kept images', () => {
  test.each<[golden: string, args: string[]]>([
    ['diff.txt', []],
    ['diff-stat.txt', ['--stat']],
    ['diff.json', ['--json']],
  ])('%s', async (golden, args) => {
    const { code, stdout, stderr } = await strata(['diff', ...args, app1, app2]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expectGolden(golden, stdout);
  });

  test('an image is the same as itself, wherever it lies', async () => {
    const copy = scratch.path('docker.tar');
    await runOk('skopeo', [
      'copy',
      '--quiet',
      `oci-archive:${fixture('app-1.tar')}`,
      `docker-archive:${copy}:app:1`,
    ]);
    for (const other of [app1, copy]) {
      const { code, stdout } = await strata(['diff', '--json', app1, other]);
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({
        isSame: true,
        files: { list: [] },
        layers: { shared: 6, parting: null },
      });
    }
  });
});

test('layers that both have count for what stands on them', async () => {
  const base = [file('a', 'content')];
  const link: Member = { name: 'b', type: 'link', linkname: 'a' };
  // The second image has a layer twice: it hides its own files.
  const { findings, files } = await compare(
    { layers: [base] },
    { layers: [base, [link], base, [file('.wh.a', '')]] },
  );
  expect(findings).toEqual({ a: [], b: [] });
  expect(files.list.map(({ path, change }: { path: string; change: string }) => `${change} ${path}`)).toEqual(
    ['removed /a', 'added /b'],
  );
});

describe('files of the finished images', () => {
  const base: Member[] = [
    directory('d'),
    file('d/a', 'one'),
    { name: 'l', type: 'symlink', linkname: 'd/a' },
  ];

  test.each<[title: string, a: Member[], b: Member[], want: string[]]>([
    ['nothing', base, base, []],
    [
      'content of one size',
      base,
      [...base.slice(0, 1), file('d/a', 'eno'), ...base.slice(2)],
      ['changed /d/a content'],
    ],
    ['mode', [file('a')], [file('a', 'x', { mode: 0o755 })], ['changed /a mode']],
    ['owner', [file('a')], [file('a', 'x', { gid: 4 })], ['changed /a owner']],
    ['time', [file('a')], [file('a', 'x', { mtime: new Date(5000) })], ['changed /a time']],
    [
      'time of a directory',
      [directory('d')],
      [directory('d', { mtime: new Date(5000) })],
      ['changed /d time'],
    ],
    [
      'an extended attribute',
      [file('a')],
      [file('a', 'x', { pax: { 'SCHILY.xattr.user.a': 'b' } })],
      ['changed /a xattr'],
    ],
    ['type', [file('a', '')], [{ name: 'a', type: 'symlink', linkname: 'b' }], ['changed /a type']],
    [
      'target of a link',
      base,
      [...base.slice(0, 2), { name: 'l', type: 'symlink', linkname: 'd' }],
      ['changed /l content'],
    ],
    [
      'all at once',
      [file('a')],
      [file('a', 'yy', { mode: 0o600, uid: 1, mtime: new Date(1000) })],
      ['changed /a content mode owner time'],
    ],
    ['one more and one less', [file('a')], [file('b')], ['removed /a', 'added /b']],
    [
      'a hard link is what it links to',
      [file('a'), file('b')],
      [file('a'), { name: 'b', type: 'link', linkname: 'a' }],
      [],
    ],
    [
      'order: what lies in a directory follows it',
      [],
      [file('a.txt'), directory('a'), file('a/z')],
      ['added /a', 'added /a/z', 'added /a.txt'],
    ],
  ])('%s', async (_title, a, b, want) => {
    const { files } = await compare({ layers: [[file('same')], a] }, { layers: [[file('same')], b] });
    const list = files.list.map((each: { change: string; path: string; aspects: string[] }) =>
      [each.change, each.path, ...each.aspects].join(' '),
    );
    expect(list).toEqual(want);
    expect([files.added, files.removed, files.changed]).toEqual(
      ['added', 'removed', 'changed'].map((kind) => want.filter((line) => line.startsWith(kind)).length),
    );
  });

  test('the same files in other layers are no difference of files', async () => {
    const { code, files, layers } = await compare(
      { layers: [[file('a'), file('b')]] },
      { layers: [[file('a')], [file('b'), file('c')], [file('.wh.c', '')]] },
    );
    expect(code).toBe(1);
    expect(files.list).toEqual([]);
    expect(layers).toMatchObject({ shared: 0, parting: { index: 0 } });
  });

  test('as umoci unpacks them', async () => {
    const unpack = async (name: string) => {
      const layout = scratch.path(`umoci-${name}`);
      await runOk('skopeo', ['copy', '--quiet', `oci-archive:${fixture(name)}`, `oci:${layout}:app`]);
      await runOk('umoci', ['unpack', '--image', `${layout}:app`, scratch.path(`bundle-${name}`)]);
      return describeTree(scratch.path(`bundle-${name}/rootfs`));
    };
    const [a, b] = [await unpack('app-1.tar'), await unpack('app-2.tar')];
    const want = [...new Set([...a.keys(), ...b.keys()])]
      .filter((path) => a.get(path) !== b.get(path))
      .sort();
    const { files } = JSON.parse((await strata(['diff', '--json', app1, app2])).stdout);
    const got = files.list.map((each: { path: string; pathBytes?: string }) =>
      each.pathBytes === undefined ? each.path : Buffer.from(each.pathBytes, 'base64').toString('latin1'),
    );
    expect(got.sort()).toEqual(want);
    expect(want.length).toBeGreaterThan(5);
  });

  /** Every path with all that is said of it, read from the disk. */
  function describeTree(root: string): Map<string, string> {
    const found = new Map<string, string>();
    const visit = (path: string) => {
      for (const name of readdirSync(Buffer.from(root + path, 'latin1'), 'latin1')) {
        const at = `${path}/${name}`;
        const real = Buffer.from(root + at, 'latin1');
        const { mode, uid, gid, mtimeMs } = lstatSync(real);
        const type = mode & 0o170000;
        const content =
          type === 0o100000
            ? createHash('sha256').update(readFileSync(real)).digest('hex')
            : type === 0o120000
              ? readlinkSync(real)
              : '';
        found.set(at, [mode, uid, gid, mtimeMs, content].join(' '));
        if (type === 0o040000) visit(at);
      }
    };
    visit('');
    return found;
  }
});

describe('layers', () => {
  const history = (...steps: string[]) =>
    steps.map((step) => ({ created_by: `RUN /bin/sh -c ${step} # buildkit` }));

  test('where they part, which line made it, and what is in it', async () => {
    const low = [file('a', 'aaaa')];
    const { layers } = await compare(
      { layers: [low, [file('t', 'x')], [file('z')]], history: history('one', 'date > t', 'three') },
      {
        layers: [low, [file('t', 'y', { mtime: new Date(7000) })], [file('z')]],
        history: history('one', 'date > t', 'three'),
      },
    );
    expect(layers).toMatchObject({
      countA: 3,
      countB: 3,
      shared: 1,
      sharedContent: 4,
      recompressed: [],
      parting: {
        index: 1,
        a: { instruction: 'RUN date > t' },
        b: { instruction: 'RUN date > t' },
        members: { added: 0, removed: 0, changed: 1, aspects: { content: 1, time: 1, mode: 0 } },
      },
    });
  });

  test('the same members in another order', async () => {
    const a = await image({ layers: [[file('a'), file('b')]] });
    const b = await image({ layers: [[file('b'), file('a')]] });
    const { code, stdout } = await strata(['diff', a, b]);
    expect(code).toBe(1);
    expect(stdout).toContain('in it: the same files, archived in another way (order or headers)');
  });

  test('one more layer', async () => {
    const { layers } = await compare({ layers: [[file('a')]] }, { layers: [[file('a')], [file('b')]] });
    expect(layers).toMatchObject({ shared: 1, parting: { index: 1, a: null, members: null } });
  });

  test('compressed to other bytes: the same image all the same', async () => {
    const layers = [[file('a', 'a'.repeat(9000))]];
    const a = await image({ layers });
    const b = await image({ layers, compress: (tar) => gzipSync(tar, { level: 1 }) });
    const { code, stdout } = await strata(['diff', a, b]);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringContaining(
        'They are the same image, stored differently: 1 layer compressed to other bytes.',
      ),
    });
  });
});

describe('config fields', () => {
  test.each<
    [title: string, a: object, b: object, want: [field: string, a: string | null, b: string | null][]]
  >([
    [
      'a variable',
      { config: { Env: ['A=1', 'B=2'] } },
      { config: { Env: ['B=2', 'A=3', 'C='] } },
      [
        ['config.Env[A]', '1', '3'],
        ['config.Env[C]', null, ''],
      ],
    ],
    ['a label', { config: { Labels: { x: 'y' } } }, {}, [['config.Labels[x]', 'y', null]]],
    [
      'a port and a volume',
      {},
      { config: { ExposedPorts: { '80/tcp': {} }, Volumes: { '/v': {} } } },
      [
        ['config.ExposedPorts[80/tcp]', null, '{}'],
        ['config.Volumes[/v]', null, '{}'],
      ],
    ],
    [
      'a command',
      { config: { Cmd: ['a'] } },
      { config: { Cmd: ['a', 'b'] } },
      [['config.Cmd', '["a"]', '["a","b"]']],
    ],
    [
      'when and by whom',
      { created: '2026-01-01T00:00:00Z' },
      { author: 'me' },
      [
        ['created', '2026-01-01T00:00:00Z', null],
        ['author', null, 'me'],
      ],
    ],
    ['the machine', { architecture: 'arm64' }, {}, [['architecture', 'arm64', 'amd64']]],
    [
      'history with a step in between',
      { history: [{ created_by: 'one' }, { created_by: 'CMD', empty_layer: true }] },
      {
        history: [
          { created_by: 'one' },
          { created_by: 'ENV A=1', empty_layer: true },
          { created_by: 'CMD', empty_layer: true },
        ],
      },
      [
        ['history[1].created_by', null, 'ENV A=1'],
        ['history[1].empty_layer', null, 'true'],
      ],
    ],
    [
      'when a step ran',
      { history: [{ created_by: 'one', created: '2026-01-01T00:00:00Z' }] },
      { history: [{ created_by: 'one', created: '2026-01-02T00:00:00Z' }] },
      [['history[0].created', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z']],
    ],
  ])('%s', async (_title, a, b, want) => {
    const { code, config } = await compare({ config: a }, { config: b });
    expect(code).toBe(1);
    expect(config).toEqual(want.map(([field, before, after]) => ({ field, a: before, b: after })));
  });

  test('an annotation of the manifest', async () => {
    const { code, config } = await compare({}, { manifest: { annotations: { note: 'x' } } });
    expect(code).toBe(0);
    expect(config).toEqual([{ field: 'annotations[note]', a: null, b: 'x' }]);
  });
});

test('a missing image is an error, not a difference', async () => {
  expect(existsSync(scratch.path('nothing'))).toBe(false);
  expect(await strata(['diff', app1, scratch.path('nothing')])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('[no-such-image]'),
  });
});
