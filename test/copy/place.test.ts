import { mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openFolder } from '../../src/context/folder.ts';
import { type PlaceRequest, placeFiles } from '../../src/copy/place.ts';
import { selectFiles } from '../../src/copy/select/select.ts';
import type { SelectRequest } from '../../src/copy/selection.ts';
import { bytePathFromText } from '../../src/core/byte-path.ts';
import { emptyTree, type FileTree } from '../../src/core/file-tree.ts';
import type { LayerEntry } from '../../src/layer/layer-entry.ts';
import { makeNode } from '../../src/sys/node.ts';
import { setXattr } from '../../src/sys/xattr.ts';
import { treesBelow } from './tree-text.ts';

const scratch = mkdtempSync(join(tmpdir(), 'strata-place-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const directory = treesBelow(scratch);
function treeOf(lines: readonly string[]): { path: string; tree: FileTree } {
  const path = directory(lines);
  return { path, tree: openFolder(path, { uidGid: 'keep' }) };
}

const createdAt = { seconds: 1_700_000_000, nanoseconds: 0 };
type File = Exclude<LayerEntry, { type: 'delete' }>;

async function copy(
  source: FileTree,
  below: FileTree,
  { select, place }: { select?: Partial<SelectRequest>; place: Partial<PlaceRequest> },
): Promise<Map<string, File>> {
  const request = { sources: ['.'], keepsParents: false, excludes: [], heredocs: [], ...select };
  const entries = placeFiles(await selectFiles(source, request), below, {
    dest: '/',
    isLink: false,
    createdAt,
    ...place,
  });
  const files = new Map<string, File>();
  for (const entry of entries) {
    if (entry.type === 'delete') throw new Error(`${entry.path} is deleted`);
    files.set(entry.path, entry);
  }
  return files;
}

describe('times', () => {
  const { path, tree } = treeOf(['d 700 5:6 /', 'd/f 600 5:6 =f', 'd/s 700 5:6 /', 'd/l 777 0:0 -> f']);
  for (const [name, seconds] of [
    ['d/f', 10],
    ['d/s', 20],
    ['d', 30],
  ] as const) {
    utimesSync(join(path, name), seconds, seconds + 0.5);
  }
  const below = treeOf([
    'there 711 7:8 /',
    'there/s 700 1:1 /',
    'there/deep 711 7:8 /',
    'nested 755 0:0 /',
    'nested/d 755 0:0 /',
    'nested/d/s 700 5:6 /',
  ]);
  for (const name of ['there', 'there/s', 'there/deep']) utimesSync(join(below.path, name), 1, 2);

  const at = (files: Map<string, File>): Record<string, number> =>
    Object.fromEntries(
      [...files].filter(([name]) => !name.endsWith('/l')).map(([name, f]) => [name, f.mtime.seconds]),
    );
  const now = createdAt.seconds;

  const table: [
    title: string,
    sources: string[],
    dest: string,
    parents: boolean,
    want: Record<string, number>,
  ][] = [
    ['a directory made on the way is made now', ['d/f'], '/p/q/', false, { p: now, 'p/q': now, 'p/q/f': 10 }],
    [
      'a directory made for contents has the time of its source',
      ['d'],
      '/n',
      false,
      { n: 30, 'n/f': 10, 'n/s': 20 },
    ],
    ['so has one that was there', ['d'], '/there', false, { there: 30, 'there/f': 10, 'there/s': 20 }],
    ['one that got nothing keeps its own, and is no change', ['d/s'], '/there', false, {}],
    [
      'so do those below it',
      ['.'],
      '/nested',
      false,
      { nested: expect.any(Number), 'nested/d': 30, 'nested/d/f': 10 },
    ],
    [
      'directories that are only passed keep theirs',
      ['d/f'],
      '/there/deep/',
      false,
      { there: 2, 'there/deep': 2, 'there/deep/f': 10 },
    ],
    [
      'passages of --parents are made now',
      ['d/f'],
      '/n',
      true,
      { n: expect.any(Number), 'n/d': now, 'n/d/f': 10 },
    ],
  ];
  for (const [title, sources, dest, keepsParents, want] of table) {
    it(title, async () => {
      expect(
        at(await copy(tree, below.tree, { select: { sources, keepsParents }, place: { dest } })),
      ).toEqual(want);
    });
  }

  it('keep their nanoseconds', async () => {
    const files = await copy(tree, emptyTree, { place: {} });
    expect(files.get('d/f')?.mtime).toEqual({ seconds: 10, nanoseconds: 500_000_000 });
  });
});

describe('extended attributes', () => {
  const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex');
  const source = treeOf(['d 755 0:0 /', 'f 755 0:0 =f', 'same == f']);
  setXattr(join(source.path, 'f'), 'security.capability', capability);
  setXattr(join(source.path, 'f'), 'user.a', Buffer.from('1'));
  setXattr(join(source.path, 'f'), 'trusted.b', Buffer.from('2'));
  setXattr(join(source.path, 'd'), 'user.a', Buffer.from('source'));
  const below = treeOf(['d 755 0:0 /', 'top 755 0:0 /']);
  setXattr(join(below.path, 'd'), 'user.a', Buffer.from('below'));
  setXattr(join(below.path, 'd'), 'user.z', Buffer.from('below'));
  setXattr(join(below.path, 'top'), 'trusted.t', Buffer.from('below'));

  const text = (file: File | undefined): Record<string, string> =>
    Object.fromEntries((file?.xattrs ?? []).map(({ name, value }) => [name, Buffer.from(value).toString()]));

  it('capabilities and user attributes come along', async () => {
    const files = await copy(source.tree, emptyTree, { place: {} });
    expect(text(files.get('f'))).toEqual({ 'security.capability': capability.toString(), 'user.a': '1' });
  });

  // Engines that unpack a layer give each name its owner, and that takes capabilities away.
  it('come with every name of a file', async () => {
    const files = await copy(source.tree, emptyTree, { place: {} });
    expect(files.get('same')).toMatchObject({ type: 'hardlink', xattrs: files.get('f')?.xattrs });
  });

  it('a directory that was there keeps those the source lacks', async () => {
    const files = await copy(source.tree, below.tree, { place: {} });
    expect(text(files.get('d'))).toEqual({ 'user.a': 'source', 'user.z': 'below' });
  });

  it('a directory that is passed keeps all of them', async () => {
    const files = await copy(source.tree, below.tree, { place: { dest: '/top/' } });
    expect(text(files.get('top'))).toEqual({ 'trusted.t': 'below' });
  });
});

describe('special files', () => {
  it('devices and fifos are made again, a socket becomes an empty file', async () => {
    const { path, tree } = treeOf([]);
    makeNode(join(path, 'char'), 'char', 0o620, 4, 300);
    makeNode(join(path, 'fifo'), 'fifo', 0o600, 0, 0);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(path, 'socket'), resolve));
    const files = await copy(tree, emptyTree, { place: { mode: 'u=rw,go=' } });
    server.close();
    expect(
      [...files.values()].map(({ path: name, type, mode, size, devMajor, devMinor, content }) => ({
        name,
        type,
        mode,
        size,
        devMajor,
        devMinor,
        content,
      })),
    ).toEqual([
      { name: 'char', type: 'char', mode: 0o600, size: 0, devMajor: 4, devMinor: 300, content: undefined },
      { name: 'fifo', type: 'fifo', mode: 0o600, size: 0, devMajor: 0, devMinor: 0, content: undefined },
      { name: 'socket', type: 'file', mode: 0o600, size: 0, devMajor: 0, devMinor: 0, content: undefined },
    ]);
  });

  it('names that are not UTF-8 stay what they are', async () => {
    const { path, tree } = treeOf([]);
    makeNode(`${bytePathFromText(path)}/\xff\xfe`, 'fifo', 0o600, 0, 0);
    expect([...(await copy(tree, emptyTree, { place: { dest: '/ü/' } })).keys()]).toEqual([
      '\xc3\xbc',
      '\xc3\xbc/\xff\xfe',
    ]);
  });
});

describe('heredocs', () => {
  const heredocs = [
    { name: 'robots.txt', content: 'User-agent: *\n' },
    { name: 'ümlaut', content: 'ä' },
  ];
  const table: [title: string, place: Partial<PlaceRequest>, want: Record<string, string>][] = [
    [
      'are files 0644 of root, made now, inside the destination',
      { dest: '/srv/' },
      { srv: '755 0:0', 'srv/robots.txt': '644 0:0 User-agent: *\n', 'srv/\xc3\xbcmlaut': '644 0:0 ä' },
    ],
    ['or the destination itself, where the last one stays', { dest: '/srv' }, { srv: '644 0:0 ä' }],
    [
      'take --chown and --chmod',
      { dest: '/srv/', owner: '3:4', mode: '600' },
      { srv: '600 3:4', 'srv/robots.txt': '600 3:4 User-agent: *\n', 'srv/\xc3\xbcmlaut': '600 3:4 ä' },
    ],
  ];
  for (const [title, place, want] of table) {
    it(title, async () => {
      const files = await copy(emptyTree, emptyTree, { select: { sources: [], heredocs }, place });
      const shown = [...files].map(([name, { mode, uid, gid, content, mtime }]) => {
        expect(mtime).toEqual(createdAt);
        const text = content?.kind === 'bytes' ? ` ${Buffer.from(content.bytes).toString()}` : '';
        return [name, `${mode.toString(8)} ${uid}:${gid}${text}`];
      });
      expect(Object.fromEntries(shown)).toEqual(want);
    });
  }
});

it('the size of every file is that of its content', async () => {
  const { tree } = treeOf(['a 644 0:0 =', 'b 644 0:0 =four', 'c == b']);
  const files = await copy(tree, emptyTree, { place: {} });
  expect([...files.values()].map(({ path, type, size, link }) => [path, type, size, link])).toEqual([
    ['a', 'file', 0, ''],
    ['b', 'file', 4, ''],
    ['c', 'hardlink', 0, 'b'],
  ]);
});

it('a tree that is empty has a root all the same', async () => {
  expect((await copy(emptyTree, emptyTree, { place: { dest: '/x' } })).get('x')).toMatchObject({
    type: 'directory',
  });
});
