import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { typeLetters } from '../../src/cli/inspect/file-marks.ts';
import { readContents } from '../../src/inspect/contents.ts';
import { listLayerFiles } from '../../src/inspect/list-files.ts';
import { type Stack, stackLayers } from '../../src/inspect/stack-layers.ts';
import { noFile } from '../../src/inspect/tree/file-table.ts';
import { hiddenFiles } from '../../src/inspect/waste/hidden-files.ts';
import { directory, file, type Member } from '../support/image-parts.ts';
import { filesOf, fixture, open, openScratch, startLayout } from './images.ts';

const scratch = openScratch();
afterAll(() => scratch.remove());

let count = 0;
async function stackOf(
  layers: readonly (readonly Member[])[],
): Promise<Stack & { readonly codes: string[] }> {
  const layout = startLayout(scratch.path(`image-${count++}`));
  layout.name([[undefined, await layout.image({ layers })]]);
  const contents = await readContents(await open(layout.directory));
  return {
    ...stackLayers(contents),
    codes: contents.findings.map(({ where, code }) => `${where}: ${code}`),
  };
}

const sign = { added: '+', changed: '~', removed: '-' } as const;
const changesOf = (stack: Stack) =>
  stack.layers.map((_, layer) =>
    [...listLayerFiles(stack, layer)]
      .map(({ path, change, aspects }) => [`${sign[change ?? 'changed']} ${path}`, ...aspects].join(' '))
      .sort(),
  );
const mergedOf = ({ files: { paths }, merged }: Stack) =>
  [...paths.inTreeOrder()]
    .filter((path) => merged.at(path) !== noFile)
    .map((path) => `${paths.textOf(path)}@${merged.layerOf(merged.at(path))}`);

describe('layers on top of each other', () => {
  const base = [
    directory('d'),
    file('d/a', 'one'),
    file('d/b', 'two'),
    directory('d/sub'),
    file('d/sub/c', 'three'),
  ];

  test.each<[title: string, upper: Member[], changes: string[], merged: string[]]>([
    ['a new file', [file('n')], ['+ /n'], ['d@0', 'd/a@0', 'd/b@0', 'd/sub@0', 'd/sub/c@0', 'n@1']],
    [
      'a new file in a directory that only tells its time',
      [directory('d', { mtime: new Date(9e9) }), file('d/n')],
      ['+ /d/n'],
      ['d@1', 'd/a@0', 'd/b@0', 'd/n@1', 'd/sub@0', 'd/sub/c@0'],
    ],
    [
      'other content',
      [file('d/a', 'uno')],
      ['~ /d/a content'],
      ['d@0', 'd/a@1', 'd/b@0', 'd/sub@0', 'd/sub/c@0'],
    ],
    [
      'the same file again',
      [file('d/a', 'one')],
      ['~ /d/a'],
      ['d@0', 'd/a@1', 'd/b@0', 'd/sub@0', 'd/sub/c@0'],
    ],
    [
      'another owner and mode',
      [file('d/a', 'one', { uid: 7, mode: 0o600 })],
      ['~ /d/a mode owner'],
      ['d@0', 'd/a@1', 'd/b@0', 'd/sub@0', 'd/sub/c@0'],
    ],
    [
      'another time and attribute',
      [file('d/a', 'one', { mtime: new Date(5000), pax: { 'SCHILY.xattr.user.x': 'y' } })],
      ['~ /d/a time xattr'],
      ['d@0', 'd/a@1', 'd/b@0', 'd/sub@0', 'd/sub/c@0'],
    ],
    ['a deleted file', [file('d/.wh.a', '')], ['- /d/a'], ['d@0', 'd/b@0', 'd/sub@0', 'd/sub/c@0']],
    ['a deleted directory', [file('.wh.d', '')], ['- /d', '- /d/a', '- /d/b', '- /d/sub', '- /d/sub/c'], []],
    [
      'a directory that is deleted and made anew',
      [file('.wh.d', ''), directory('d'), file('d/a', 'one')],
      ['- /d/b', '- /d/sub', '- /d/sub/c', '~ /d/a'],
      ['d@1', 'd/a@1'],
    ],
    [
      'an opaque directory, whose marker comes last',
      [directory('d'), file('d/n'), file('d/.wh..wh..opq', '')],
      ['+ /d/n', '- /d/a', '- /d/b', '- /d/sub', '- /d/sub/c'],
      ['d@1', 'd/n@1'],
    ],
    [
      'a directory that becomes a file',
      [file('d')],
      ['- /d/a', '- /d/b', '- /d/sub', '- /d/sub/c', '~ /d type mode'],
      ['d@1'],
    ],
    [
      'a file that becomes a directory',
      [file('d/a/x')],
      ['+ /d/a/x', '~ /d/a type mode'],
      ['d@0', 'd/a@1', 'd/a/x@1', 'd/b@0', 'd/sub@0', 'd/sub/c@0'],
    ],
    [
      'parents that nobody named',
      [file('p/q/r')],
      ['+ /p', '+ /p/q', '+ /p/q/r'],
      ['d@0', 'd/a@0', 'd/b@0', 'd/sub@0', 'd/sub/c@0', 'p@1', 'p/q@1', 'p/q/r@1'],
    ],
    [
      'a hard link to a file below',
      [{ name: 'l', type: 'link', linkname: 'd/a' }],
      ['+ /l'],
      ['d@0', 'd/a@0', 'd/b@0', 'd/sub@0', 'd/sub/c@0', 'l@1'],
    ],
    [
      'deleting what is not there',
      [file('.wh.nothing', '')],
      [],
      ['d@0', 'd/a@0', 'd/b@0', 'd/sub@0', 'd/sub/c@0'],
    ],
  ])('%s', async (_title, upper, changes, merged) => {
    const stack = await stackOf([base, upper]);
    expect(changesOf(stack)[1]).toEqual(changes);
    expect(mergedOf(stack)).toEqual(merged);
  });

  test('a link where a directory is needed gives way', async () => {
    const stack = await stackOf([
      [directory('usr/lib'), { name: 'lib', type: 'symlink', linkname: 'usr/lib' }],
      [file('lib/x')],
    ]);
    expect(mergedOf(stack)).toEqual(['lib@1', 'lib/x@1', 'usr@0', 'usr/lib@0']);
    const { files, merged } = stack;
    expect(files.typeOf(merged.at(files.paths.find('lib') ?? 0))).toBe('directory');
  });

  test('counts leave directories out', async () => {
    const { layers } = await stackOf([
      base,
      [file('.wh.d', ''), file('n'), directory('e')],
      [file('n', 'new'), file('e')],
    ]);
    expect(layers.map(({ counts }) => counts)).toEqual([
      { added: 3, changed: 0, removed: 0 },
      { added: 1, changed: 0, removed: 3 },
      { added: 1, changed: 1, removed: 0 },
    ]);
  });
});

describe('hostile names', () => {
  test.each<[title: string, layers: Member[][], codes: string[], merged: string[]]>([
    ['".." leads nowhere', [[file('a/../../etc/passwd'), file('ok')]], ['layer 0: escaping-name'], ['ok@0']],
    [
      'an absolute name lies beneath the root',
      [[file('/etc/passwd')]],
      ['layer 0: escaping-name'],
      ['etc@0', 'etc/passwd@0'],
    ],
    [
      'a whiteout of nothing deletes nothing',
      [[file('a')], [file('.wh.', '')]],
      ['layer 1: bad-whiteout'],
      ['a@0'],
    ],
    [
      'a whiteout of the directory above deletes nothing',
      [[file('d/a')], [file('d/.wh...', '')]],
      ['layer 1: bad-whiteout'],
      ['d@0', 'd/a@0'],
    ],
    [
      'a name twice: the last counts',
      [[file('a', 'x'), file('a', 'xyz')]],
      ['layer 0: duplicate-name'],
      ['a@0'],
    ],
    [
      'a hard link to nothing',
      [[{ name: 'a', type: 'link', linkname: 'b' }]],
      ['layer 0: missing-link-target'],
      ['a@0'],
    ],
    ['a name longer than any path', [[file(`${'d/'.repeat(3000)}a`)]], ['layer 0: path-too-long'], []],
  ])('%s', async (_title, layers, codes, merged) => {
    const stack = await stackOf(layers);
    expect(stack.codes).toEqual(codes);
    expect(mergedOf(stack)).toEqual(merged);
  });
});

describe('facts of the kept image', () => {
  const paths = ['app-1.tar', 'app-2.tar'];

  /** What GNU tar lists of each layer blob: `mode owner size path`. */
  function listedByTar(path: string): string[][] {
    const member = (name: string, ...more: string[]) =>
      execFileSync('tar', ['-xOf', path, name, ...more], { maxBuffer: 1 << 26 });
    const index = JSON.parse(member('./index.json').toString());
    const blob = (digest: string) => member(`./blobs/sha256/${digest.slice('sha256:'.length)}`);
    const { layers } = JSON.parse(blob(index.manifests[0].digest).toString());
    return layers.map(({ digest, mediaType }: { digest: string; mediaType: string }) =>
      execFileSync(
        'tar',
        ['-tv', '--numeric-owner', '--quoting-style=escape', ...(mediaType.endsWith('gzip') ? ['-z'] : [])],
        {
          input: blob(digest),
          env: { LC_ALL: 'C', TZ: 'UTC' },
        },
      )
        .toString()
        .trim()
        .split('\n')
        .map((line) => line.replace(/ +/g, ' ')),
    );
  }

  test.each(paths)('%s has the sizes and files that GNU tar lists', async (name) => {
    const contents = await readContents(await open(fixture(name)));
    const listed = listedByTar(fixture(name));
    for (const index of contents.layers.keys()) {
      const files = filesOf(contents, index);
      const got = files.map(({ path, type, uid, gid, size, mtime }) => {
        const date = new Date(mtime.seconds * 1000).toISOString().replace('T', ' ').slice(0, 16);
        return `${typeLetters[type]} ${uid}/${gid} ${size} ${date} ${path}${type === 'directory' ? '/' : ''}`;
      });
      const want = (listed[index] ?? [])
        .filter((line) => !line.includes('.wh.'))
        .map((line) =>
          line
            .replace(/^(.)\S+/, '$1')
            .replace(/ (->|link to) .*/, '')
            .replace('\\351', '\xe9'),
        );
      expect(got).toEqual(want);
      const sizes = (listed[index] ?? []).map((line) => Number(line.split(' ')[2]));
      expect(files.reduce((sum, { size }) => sum + size, 0)).toBe(sizes.reduce((a, b) => a + b, 0));
    }
  });

  test.each(paths)('%s: what is visible and what is hidden add up to all layers', async (name) => {
    const stack = stackLayers(await readContents(await open(fixture(name))));
    const stored = stack.layers.reduce((sum, { contentSize }) => sum + contentSize, 0);
    const { files, merged } = stack;
    const sizeOf = (all: Iterable<number>) => [...all].reduce((sum, each) => sum + files.sizeOf(each), 0);
    const hidden = sizeOf([...hiddenFiles(stack)].map(({ file }) => file));
    const visible = sizeOf(new Set([...merged.paths()].map((path) => merged.inodeOf(merged.at(path)))));
    expect(hidden).toBeGreaterThan(0);
    expect(visible + hidden).toBe(stored);
  });

  test('contents have the digests of their bytes', async () => {
    const contents = await readContents(await open(fixture('app-1.tar')));
    const data = filesOf(contents, 2).find(({ path }) => path === 'app/data.bin');
    const bytes = Buffer.alloc(40000, 'data 0123456789abcdef\n');
    expect(data?.content).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  test('the holes of a sparse file are zeros', async () => {
    const name = scratch.path('sparse.tar');
    const script =
      'truncate -s 3000000 f && printf x | dd of=f bs=1 seek=1500000 conv=notrunc status=none && tar -Scf';
    execFileSync('sh', ['-c', `cd "$1" && ${script} "$2" f`, 'sh', scratch.dir, name]);
    const layout = startLayout(scratch.path('sparse'));
    layout.name([[undefined, await layout.image({ tars: [readFileSync(name)] })]]);
    const contents = await readContents(await open(layout.directory));
    const bytes = readFileSync(scratch.path('f'));
    expect(contents.findings).toEqual([]);
    expect(filesOf(contents, 0)).toMatchObject([
      { path: 'f', size: 3_000_000, content: createHash('sha256').update(bytes).digest('hex') },
    ]);
  });
});
