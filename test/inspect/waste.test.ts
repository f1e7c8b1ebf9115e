import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { pathTable } from '../../src/core/tables/path-table.ts';
import { inspectImage } from '../../src/inspect/inspect-image.ts';
import { largestPlaces } from '../../src/inspect/waste/largest-places.ts';
import { leftBehind } from '../../src/inspect/waste/left-behind.ts';
import type { WasteItem } from '../../src/inspect/waste/waste-item.ts';
import { directory, file, type Member, tarOf } from '../support/image-parts.ts';
import { strata } from './cli.ts';
import { diveScore, type Member as ListedMember } from './dive.ts';
import { fixture, open, openScratch, startLayout } from './images.ts';

const scratch = openScratch();
afterAll(() => scratch.remove());

const unknown = { catalog: [], buildOf: () => ({ sources: new Map() }) };
let count = 0;

async function inspect(layers: readonly (readonly Member[])[], history?: readonly object[]) {
  const layout = startLayout(scratch.path(`image-${count++}`));
  layout.name([[undefined, await layout.image({ layers, ...(history === undefined ? {} : { history }) })]]);
  return (await inspectImage(await open(layout.directory), unknown)).report;
}

const summary = ({ kind, bytes, files, layer, otherLayer, suggestion }: WasteItem) =>
  `${kind} ${bytes} in ${files}: ${layer} ${otherLayer ?? '-'}: ${suggestion.split(/[,:(]/)[0]}`;

const kb = (size: number) => 'x'.repeat(size * 1000);
const run = (command: string) => ({
  created_by: `RUN /bin/sh -c ${command} # buildkit`,
  comment: 'buildkit.dockerfile.v0',
});
const copy = (what: string) => ({ created_by: `COPY ${what} # buildkit`, comment: 'buildkit.dockerfile.v0' });
const base = { created_by: '/bin/sh -c #(nop) ADD file:1 in / ' };

describe('waste is found, tied to its layers, with what to do', () => {
  test.each<[title: string, layers: Member[][], history: object[], want: string[]]>([
    [
      'a RUN deletes what another RUN made',
      [[file('a', kb(5)), file('b')], [file('.wh.a', '')]],
      [run('make'), run('rm a')],
      ['deleted 5000 in 1: 0 1: join the two RUN lines with &&'],
    ],
    [
      'a directory that is deleted counts whole',
      [[directory('d'), file('d/a', kb(5)), file('d/b', kb(2))], [file('.wh.d', '')]],
      [copy('. /'), run('rm -r d')],
      ['deleted 7000 in 2: 0 1: leave them out where they come from'],
    ],
    [
      'what the base image stores stays',
      [[file('a', kb(5))], [file('.wh.a', '')]],
      [base, run('rm a')],
      ['deleted 5000 in 1: 0 1: the base image stores them'],
    ],
    [
      'a file is written again by a RUN',
      [[file('a', kb(5))], [file('a', kb(6))]],
      [run('one'), run('two')],
      ['overwritten 5000 in 1: 0 1: join the two RUN lines with &&'],
    ],
    [
      'a chown of copied files',
      [[file('a', kb(5))], [file('a', kb(5), { uid: 5 })]],
      [copy('. /'), run('chown 5 a')],
      ['copied 5000 in 1: 0 1: give COPY the flag --chown instead'],
    ],
    [
      'a chmod and chown of files of a RUN',
      [[file('a', kb(5))], [file('a', kb(5), { uid: 5, mode: 0o600 })]],
      [run('make'), run('chmod')],
      ['copied 5000 in 1: 0 1: do the chown and chmod in the step that makes the files'],
    ],
    [
      'the same content twice',
      [[file('a', kb(5))], [file('b', kb(5))]],
      [copy('. /'), run('cp a b')],
      ['duplicate 5000 in 1: 1 0: if only this RUN needs the copied files'],
    ],
    [
      'package lists and a repository, found where they were brought',
      [
        [file('var/lib/apt/lists/l', kb(4)), file('src/.git/HEAD', kb(3))],
        [file('src/.git/HEAD', kb(3), { uid: 1 })],
      ],
      [run('apt-get update'), run('chown')],
      [
        'left-behind 4000 in 1: 0 -: keep it out of the layer',
        'left-behind 3000 in 1: 0 -: name it in .dockerignore',
        'copied 3000 in 1: 0 1: do the chown in the step that makes the files',
      ],
    ],
    [
      'the same content twice, of which a chown stored the first once more',
      [[file('a', kb(5))], [file('b', kb(5))], [file('a', kb(5), { uid: 5 })]],
      [copy('. /'), run('cp a b'), run('chown 5 a')],
      [
        'copied 5000 in 1: 0 2: give COPY the flag --chown instead',
        'duplicate 5000 in 1: 1 0: if only this RUN needs the copied files',
      ],
    ],
    [
      'a cache that a later RUN deletes file by file',
      [
        [
          directory('var/lib/apt/lists'),
          file('var/lib/apt/lists/a', kb(5)),
          file('var/lib/apt/lists/b', kb(2)),
        ],
        [file('var/lib/apt/lists/.wh.a', ''), file('var/lib/apt/lists/.wh.b', '')],
      ],
      [run('apt-get update'), run('rm -r /var/lib/apt/lists/*')],
      ['deleted 7000 in 2: 0 1: keep it out of the layer'],
    ],
    ['nothing', [[file('a', kb(5))], [file('b', kb(4))]], [copy('a /'), copy('b /')], []],
    [
      'a hard link keeps the bytes in sight',
      [[file('a', kb(5)), { name: 'b', type: 'link', linkname: 'a' }], [file('.wh.a', '')]],
      [run('make'), run('rm a')],
      [],
    ],
    [
      'the same content in one layer is no matter of layers',
      [[file('a', kb(5)), file('b', kb(5))]],
      [run('make')],
      [],
    ],
  ])('%s', async (_title, layers, history, want) => {
    const { waste, size } = await inspect(layers, history);
    expect(waste.items.map(summary)).toEqual(want);
    expect(size.visible + waste.hiddenBytes).toBe(size.content);
  });

  const many = (directoryName: string, count: number, size: number) =>
    Array.from({ length: count }, (_, index): [string, number] => [`${directoryName}/${index}`, size]);
  test.each<[title: string, sizes: [string, number][], want: string[]]>([
    [
      'few files are named',
      [
        ['a/b', 5],
        ['c', 7],
      ],
      ['/c 7', '/a/b 5'],
    ],
    ['many are told by their directory', many('app/src', 9, 2), ['/app/src 18']],
    [
      'directories are opened as long as that is short',
      [...many('a', 9, 2), ...many('b', 9, 3)],
      ['/b 27', '/a 18'],
    ],
    [
      'the one that makes up most is told apart',
      [['app/big', 90], ...many('app', 9, 2)],
      ['/app/big 90', '/app 18'],
    ],
    [
      'what has no bytes is not told',
      [
        ['a/b', 5],
        ['a/c', 0],
      ],
      ['/a/b 5'],
    ],
  ])('where it is: %s', (_title, sizes, want) => {
    const paths = pathTable();
    const files = sizes.map(([path]) => paths.add(path));
    const places = largestPlaces(paths, files, (_file, index) => sizes[index]?.[1] ?? 0);
    expect(places.map(({ path, bytes }) => `${path} ${bytes}`)).toEqual(want);
    const total = sizes.reduce((sum, [, size]) => sum + size, 0);
    expect(places.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(total);
  });

  test('layers of the base image that hide each other are told apart', async () => {
    const { waste } = await inspect(
      [[file('a', kb(5))], [file('.wh.a', '')], [file('b')]],
      [base, base, run('make b')],
    );
    expect(waste.items).toMatchObject([{ kind: 'deleted', isInBase: true }]);
  });

  test.each<[path: string, title: string]>([
    ['var/lib/apt/lists/deb_main', 'package lists of apt'],
    ['var/cache/apt/archives/x.deb', 'packages downloaded by apt'],
    ['var/cache/apk/APKINDEX.1.tar.gz', 'package cache of apk'],
    ['var/cache/dnf/x', 'package cache of dnf or yum'],
    ['root/.cache/pip/http/1', 'cache of pip'],
    ['home/app/.cache/uv/a', 'cache of a Python package manager'],
    ['opt/conda/pkgs/x.conda', 'packages downloaded by conda'],
    ['root/.npm/_cacache/index', 'cache of npm'],
    ['usr/local/share/.cache/yarn/v6/x', 'cache of yarn or pnpm'],
    ['go/pkg/mod/github.com/x', 'build cache of Go'],
    ['usr/local/cargo/registry/cache/x', 'crates downloaded by cargo'],
    ['root/.m2/repository/org/x.jar', 'artifacts downloaded by Maven or Gradle'],
    ['usr/local/bundle/cache/x.gem', 'cache of Bundler or Composer'],
    ['root/.cache/ccache/0/1', 'cache of a compiler'],
    ['srv/app/.git/HEAD', 'history of the sources'],
    ['tmp/build/a.o', 'temporary files'],
  ])('%s is %s', (path, title) => {
    expect(leftBehind.find(({ pattern }) => pattern.test(path))?.title).toBe(title);
  });

  test.each([
    'var/lib/apt/lists',
    'etc/apk/world',
    'usr/bin/git',
    'srv/.github/x',
    'usr/share/conda/pkgs',
    'opt/tmp/x',
  ])('%s is nothing to complain of', (path) => {
    expect(leftBehind.find(({ pattern }) => pattern.test(path))).toBeUndefined();
  });
});

/** Layers as GNU tar lists them. */
function listLayer(tar: Uint8Array): ListedMember[] {
  const lines = execFileSync('tar', ['-tv', '--numeric-owner', '--quoting-style=literal'], { input: tar })
    .toString('latin1')
    .trim()
    .split('\n');
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const [, type = '', size = '', path = ''] = /^(.)\S+ \S+ +(\d+) \S+ \S+ (.*)$/.exec(line) ?? [];
      const name = path
        .replace(/ (->|link to) .*$/, '')
        .replace(/^\.\//, '')
        .replace(/\/$/, '');
      return { path: name, size: Number(size), isDirectory: type === 'd' };
    });
}

describe("the efficiency is dive's", () => {
  test('for the kept images', async () => {
    for (const name of ['app-1.tar', 'app-2.tar']) {
      const layout = mkdtempSync(join(scratch.dir, 'kept-'));
      execFileSync('tar', ['-C', layout, '-xf', fixture(name)]);
      const blob = (digest: string) => join(layout, 'blobs/sha256', digest.slice('sha256:'.length));
      const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'));
      const { layers } = JSON.parse(readFileSync(blob(index.manifests[0].digest), 'utf8'));
      const listed = layers.map(({ digest, mediaType }: { digest: string; mediaType: string }) => {
        const bytes = readFileSync(blob(digest));
        return listLayer(
          mediaType.endsWith('gzip') ? execFileSync('gzip', ['-dc'], { input: bytes }) : bytes,
        );
      });
      const { report } = await inspectImage(await open(fixture(name)), unknown);
      const want = diveScore(listed);
      expect(report.efficiency).toEqual({
        ...want,
        score: expect.closeTo(want.score, 12),
        userWastedRatio: expect.closeTo(want.userWastedRatio, 12),
      });
      expect(want.score).toBeLessThan(1);
    }
  });

  test('worked by hand', async () => {
    // a: 5000 and 5000 and deleted (0); d: 3000 deleted with its directory (3000); b: 1000.
    const { efficiency } = await inspect([
      [file('a', kb(5)), directory('d'), file('d/x', kb(3))],
      [file('a', kb(5))],
      [file('.wh.a', ''), file('.wh.d', ''), file('b', kb(1))],
    ]);
    expect(efficiency).toEqual({
      score: (0 + 3000 + 3000 + 1000) / (10_000 + 3000 + 3000 + 1000),
      wastedBytes: 10_000,
      userBytes: 6000,
      userWastedRatio: 10_000 / 6000,
    });
  });

  test('for an image without bytes', async () => {
    expect((await inspect([[directory('d')]])).efficiency).toMatchObject({
      score: 1,
      wastedBytes: 0,
      userWastedRatio: 0,
    });
  });

  test('for random layers', async () => {
    const names = ['a', 'b', 'd', 'd/a', 'd/e', 'd/e/a', 'f/a'];
    const layer = fc.uniqueArray(
      fc.record({ name: fc.constantFrom(...names), size: fc.nat(5), isDeleted: fc.boolean() }),
      { selector: ({ name }) => name, minLength: 1, maxLength: 6 },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(layer, { minLength: 1, maxLength: 4 }), async (choices) => {
        const present = new Set<string>();
        const layers = choices.map((members) => layerOf(members, present));
        const report = await inspect(layers);
        const listed = await Promise.all(layers.map(async (members) => listLayer(await tarOf(members))));
        const want = diveScore(listed);
        expect(report.efficiency.wastedBytes).toBe(want.wastedBytes);
        expect(report.efficiency.score).toBeCloseTo(want.score, 12);
        expect(report.size.visible + report.waste.hiddenBytes).toBe(report.size.content);
      }),
      { numRuns: 40, seed: 7 },
    );
  });

  /** A layer that a builder could write: directories stay directories, and only what is there is deleted. */
  function layerOf(
    members: readonly { readonly name: string; readonly size: number; readonly isDeleted: boolean }[],
    present: Set<string>,
  ): Member[] {
    const out: Member[] = [];
    const directories = new Set(['d', 'd/e', 'f']);
    const below = new Set(present);
    const gone: string[] = [];
    for (const { name, isDeleted } of members) {
      if (!isDeleted || !below.has(name) || gone.some((each) => name.startsWith(`${each}/`))) continue;
      gone.push(name);
      const slash = name.lastIndexOf('/') + 1;
      out.push(file(`${name.slice(0, slash)}.wh.${name.slice(slash)}`, ''));
      for (const each of [...present]) if (each === name || each.startsWith(`${name}/`)) present.delete(each);
    }
    const isGone = (name: string) =>
      gone.some((each) => name === each || name.startsWith(`${each}/`) || each.startsWith(`${name}/`));
    const added = members
      .filter(({ name, isDeleted }) => !isDeleted && !isGone(name))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const { name, size } of added) {
      for (let at = name.indexOf('/'); at >= 0; at = name.indexOf('/', at + 1)) {
        const parent = name.slice(0, at);
        if (!out.some((each) => each.name === parent)) out.push(directory(parent));
        present.add(parent);
      }
      if (directories.has(name)) {
        if (!out.some((each) => each.name === name)) out.push(directory(name));
      } else out.push(file(name, kb(size)));
      present.add(name);
    }
    return out;
  }
});

describe('limits', () => {
  const image = 'fixtures/images/app-1.tar';
  test.each<[flags: string[], code: number, lines: string[]]>([
    [['--lowest-efficiency', '0.75'], 0, ['  PASS  lowest-efficiency: 0.7923, the limit is 0.7500']],
    [['--lowest-efficiency', '90%'], 1, ['  FAIL  lowest-efficiency: 0.7923, the limit is 0.9000']],
    [['--highest-wasted-bytes', '105kB'], 0, ['  PASS  highest-wasted-bytes: 105kB, the limit is 105kB']],
    [['--highest-wasted-bytes', '100KiB'], 1, ['  FAIL  highest-wasted-bytes: 105kB, the limit is 102kB']],
    [
      ['--highest-user-wasted-percent', '0.6'],
      0,
      ['  PASS  highest-user-wasted-percent: 0.5014, the limit is 0.6000'],
    ],
    [
      ['--highest-user-wasted-percent', '10%', '--lowest-efficiency', '0'],
      1,
      [
        '  PASS  lowest-efficiency: 0.7923, the limit is 0.0000',
        '  FAIL  highest-user-wasted-percent: 0.5014, the limit is 0.1000',
      ],
    ],
  ])('%s exits %i', async (flags, code, lines) => {
    const result = await strata(['inspect', ...flags, image]);
    expect(result.code).toBe(code);
    expect(result.stdout.split('\n').filter((line) => /PASS|FAIL/.test(line))).toEqual(lines);
  });

  test.each([
    [['--lowest-efficiency', '1.5']],
    [['--highest-wasted-bytes', 'much']],
    [['--highest-user-wasted-percent', '-1']],
    [['--layer', '6']],
    [['--layer', 'x']],
  ])('%s is wrong usage', async (flags) => {
    const { code, stderr } = await strata(['inspect', ...flags, image]);
    expect(code).toBe(2);
    expect(stderr).toContain(flags[0]);
  });

  test('the JSON tells them too', async () => {
    const { code, stdout } = await strata(['inspect', '--json', '--lowest-efficiency', '0.9', image]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout).limits).toEqual([
      { rule: 'lowest-efficiency', limit: 0.9, value: expect.closeTo(0.7923, 4), isKept: false },
    ]);
  });

  test('damage exits 1 and is told', async () => {
    const layout = startLayout(scratch.path('damaged'));
    const manifest = await layout.image({ layers: [[file('a')], [file('../b')]] });
    layout.name([[undefined, manifest]]);
    const { code, stdout } = await strata(['inspect', layout.directory]);
    expect(code).toBe(1);
    expect(stdout).toContain('layer 1: "../b" has ".." in it [escaping-name]');
    writeFileSync(join(layout.directory, 'index.json'), '{');
    expect(await strata(['inspect', layout.directory])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('[bad-index]'),
    });
  });
});
