import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFolder } from '../../src/context/folder.ts';
import { placeFiles } from '../../src/copy/place.ts';
import { selectFiles } from '../../src/copy/select/select.ts';
import { openArchives } from '../../src/copy/unpack.ts';
import { StrataError } from '../../src/core/errors.ts';
import { emptyTree, type FileTree } from '../../src/core/file-tree.ts';
import type { LayerEntry } from '../../src/layer/layer-entry.ts';
import { makeNode } from '../../src/sys/node.ts';
import { setXattr } from '../../src/sys/xattr.ts';
import { fileOf, memberOf, writeArchive } from '../tar/archive.ts';
import { applyEntries, difference, linesOfTree, makeTree, treesBelow } from './tree-text.ts';

const scratch = mkdtempSync(join(tmpdir(), 'strata-unpack-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const context = join(scratch, 'context');

const directory = treesBelow(scratch);

/** An archive in the context, made by GNU tar from a tree; `args` end with the members. */
function pack(name: string, lines: readonly string[], ...args: string[]): void {
  const members = args.some((arg) => !arg.startsWith('-')) ? [] : ['.'];
  execFileSync('tar', ['-C', directory(lines), '-cf', join(context, name), ...args, ...members]);
}

interface Flags {
  readonly owner?: string;
  readonly mode?: string;
  readonly excludes?: readonly string[];
}

async function entriesOf(
  source: string,
  dest: string,
  below: FileTree,
  { owner, mode, excludes = [] }: Flags = {},
): Promise<LayerEntry[]> {
  const selection = await selectFiles(openFolder(context, { uidGid: 'root' }), {
    sources: source.split(' '),
    keepsParents: false,
    excludes,
    heredocs: [],
  });
  const placeable = await openArchives(selection, undefined, directory());
  return [
    ...placeFiles(placeable, below, {
      dest,
      owner,
      mode,
      isLink: false,
      createdAt: { seconds: 1, nanoseconds: 0 },
    }),
  ];
}

async function add(source: string, dest: string, below = emptyTree, flags?: Flags): Promise<string[]> {
  try {
    const before = linesOfTree(below);
    return difference(before, applyEntries(before, await entriesOf(source, dest, below, flags)));
  } catch (error) {
    if (error instanceof StrataError) return [`error ${error.code}`];
    throw error;
  }
}

const sample = ['d 750 5:6 /', 'd/f 640 5:6 =content', 'd/g == d/f', 'l 777 0:0 -> d/f'];
const unpacked = [
  'x 755 0:0 /',
  'x/d 750 5:6 /',
  'x/d/f 640 5:6 =content',
  'x/d/g == x/d/f',
  'x/l 777 0:0 -> d/f',
];

beforeAll(() => {
  mkdirSync(context);
  for (const [name, flag] of [
    ['plain.txt', '--no-auto-compress'],
    ['gz', '--gzip'],
    ['bz2', '--bzip2'],
    ['xz', '--xz'],
    ['zst', '--zstd'],
    ['v7', '--format=v7'],
    ['pax', '--format=pax'],
  ] as const) {
    pack(name, sample, flag);
  }
});

describe('what is unpacked', () => {
  for (const name of ['plain.txt', 'gz', 'bz2', 'xz', 'zst', 'v7', 'pax']) {
    it(name, async () => expect(await add(name, '/x')).toEqual(unpacked));
  }

  it('what begins with a zstd frame to be skipped', async () => {
    const skipped = Buffer.from('502a4d180300000078797a', 'hex');
    writeFileSync(join(context, 'skip'), Buffer.concat([skipped, readFileSync(join(context, 'zst'))]));
    expect(await add('skip', '/x')).toEqual(unpacked);
  });

  it('through a wildcard, into a destination with or without slash', async () => {
    expect(await add('p[l]ain*', '/x/')).toEqual(unpacked);
  });

  it('through a direct symlink', async () => {
    makeTree(context, ['link 777 0:0 -> gz']);
    expect(await add('link', '/x')).toEqual(unpacked);
  });

  it('several sources, archives and files', async () => {
    makeTree(context, ['file 644 0:0 =plain file', 'l 644 0:0 =over']);
    expect(await add('gz file l', '/x/')).toEqual([
      ...unpacked.slice(0, 4),
      'x/file 644 0:0 =plain file',
      'x/l 644 0:0 =over',
    ]);
  });

  it('not in a directory', async () => {
    mkdirSync(join(context, 'inside'));
    writeFileSync(join(context, 'inside/a.tar'), readFileSync(join(context, 'v7')));
    const lines = await add('inside', '/x');
    expect(lines.map((line) => line.split(' ').slice(0, 3).join(' '))).toEqual([
      'x 755 0:0',
      'x/a.tar 644 0:0',
    ]);
  });
});

describe('what is copied as it is', () => {
  const gzip = (text: string): Buffer => execFileSync('gzip', ['-c'], { input: text });
  const table: [title: string, bytes: Buffer][] = [
    ['an empty file', Buffer.alloc(0)],
    ['zeros', Buffer.alloc(2048)],
    ['text', Buffer.from('hello\n'.repeat(300))],
    ['compressed text', gzip('hello')],
    ['much compressed text', gzip('hello\n'.repeat(500_000))],
    ['what only looks compressed', Buffer.from('\x1f\x8b\x08 and then something else', 'latin1')],
    ['a compressed empty file', gzip('')],
    ['an empty zip', Buffer.from(`PK\x05\x06${'\0'.repeat(18)}`, 'latin1')],
    ['the beginning of 7z', Buffer.from('377abcaf271c0004', 'hex')],
    ['the beginning of lz4', Buffer.from('04224d186440a7', 'hex')],
    ['lzma', execFileSync('xz', ['--format=lzma', '-c'], { input: Buffer.alloc(1024) })],
  ];
  for (const [title, bytes] of table) {
    it(title, async () => {
      writeFileSync(join(context, 'blob'), bytes);
      expect(await add('blob', '/x')).toEqual([`x 644 0:0 =${bytes.toString()}`]);
    });
  }
});

describe('members', () => {
  it('keep id, time and mode; --chown is for all of them', async () => {
    pack('ids', ['f 4755 4000000000:300000 =x'], '--format=pax', '--mtime=@4102444800.5', 'f');
    const [, entry] = await entriesOf('ids', '/x', emptyTree);
    expect(entry).toMatchObject({
      path: 'x/f',
      mode: 0o4755,
      uid: 4_000_000_000,
      gid: 300_000,
      mtime: { seconds: 4_102_444_800, nanoseconds: 500_000_000 },
    });
    expect(await add('ids', '/x', emptyTree, { owner: '7:8' })).toEqual(['x 755 7:8 /', 'x/f 4755 7:8 =x']);
  });

  it('are left alone by --chmod and --exclude, and so is the directory that is made for them', async () => {
    const flags = { mode: '600', excludes: ['d', '**/f'] };
    expect(await add('gz', '/x', emptyTree, flags)).toEqual(unpacked);
  });

  it('keep their attributes', async () => {
    const from = directory(['f 644 0:0 =f']);
    setXattr(join(from, 'f'), 'user.note', Buffer.from('1'));
    execFileSync('tar', ['-C', from, '--xattrs', '-cf', join(context, 'attributes'), 'f']);
    const [, entry] = await entriesOf('attributes', '/x', emptyTree);
    expect(entry).toMatchObject({
      path: 'x/f',
      xattrs: [{ name: 'user.note', value: new Uint8Array(Buffer.from('1')) }],
    });
  });

  it('that are links have the mode of links, older ones than time itself its beginning', async () => {
    const members = [
      memberOf({ path: 'l', type: 'symlink', link: 't', mode: 0o644 }),
      fileOf('f', 'x', { mtime: { seconds: -5, nanoseconds: 0 } }),
    ];
    writeFileSync(join(context, 'odd'), writeArchive(members));
    const entries = await entriesOf('odd', '/', emptyTree);
    expect(entries).toMatchObject([
      { path: 'f', mode: 0o644, mtime: { seconds: 0 } },
      { path: 'l', mode: 0o777 },
    ]);
  });

  it('may be fifos and devices', async () => {
    const from = directory();
    makeNode(join(from, 'p'), 'fifo', 0o600, 0, 0);
    makeNode(join(from, 'n'), 'char', 0o666, 1, 3);
    execFileSync('tar', ['-C', from, '-cf', join(context, 'nodes'), 'n', 'p']);
    expect((await entriesOf('nodes', '/', emptyTree)).map((e) => [e.path, e.type])).toEqual([
      ['n', 'char'],
      ['p', 'fifo'],
    ]);
  });

  it('of a sparse file have their holes', async () => {
    const from = directory();
    writeFileSync(join(from, 's'), 'start');
    truncateSync(join(from, 's'), 300_000);
    writeFileSync(join(from, 's'), 'end', { flag: 'a' });
    for (const format of ['gnu', 'pax']) {
      execFileSync('tar', ['-C', from, '-Scf', join(context, 'sparse'), `--format=${format}`, 's']);
      expect(await add('sparse', '/')).toEqual([`s 644 0:0 =start${'\0'.repeat(299_995)}end`]);
    }
  });

  it('larger than the pieces they are read in are whole', async () => {
    const from = directory();
    const text = Array.from({ length: 400_000 }, (_, i) => `${i}\n`).join('');
    writeFileSync(join(from, 'big'), text);
    execFileSync('tar', ['-C', from, '-czf', join(context, 'big'), 'big', 'big']);
    const got = await add('big', '/');
    expect(got.length).toBe(1);
    expect(got[0] === `big 644 0:0 =${text}`).toBe(true);
  });

  it('called .wh.x are just called so', async () => {
    pack('wh', ['.wh.x 644 0:0 =w'], '.wh.x');
    expect(await add('wh', '/')).toEqual(['.wh.x 644 0:0 =w']);
  });

  it('without their directories get 0755 root ones', async () => {
    pack('deep', ['a 700 1:1 /', 'a/b 700 1:1 /', 'a/b/f 600 1:1 =f'], 'a/b/f');
    expect(await add('deep', '/x', emptyTree, { owner: '9:9' })).toEqual([
      'x 755 9:9 /',
      'x/a 755 0:0 /',
      'x/a/b 755 0:0 /',
      'x/a/b/f 600 9:9 =f',
    ]);
  });
});

describe('onto what is there', () => {
  const table: [title: string, members: string[], below: string[], want: string[]][] = [
    [
      'a directory merges and takes the metadata; the destination itself keeps its own',
      ['d 700 1:2 /', 'd/new 600 1:2 =n'],
      ['x 711 7:8 /', 'x/d 755 0:0 /', 'x/d/old 644 0:0 =o'],
      ['x/d 700 1:2 /', 'x/d/new 600 1:2 =n'],
    ],
    [
      'a file replaces a directory with all it holds',
      ['d 600 1:2 =file'],
      ['x 755 0:0 /', 'x/d 755 0:0 /', 'x/d/old 644 0:0 =o'],
      ['x/d 600 1:2 =file', '- x/d/old'],
    ],
    [
      'a directory replaces a file',
      ['d 700 1:2 /', 'd/f 600 1:2 =f'],
      ['x 755 0:0 /', 'x/d 644 0:0 =o'],
      ['x/d 700 1:2 /', 'x/d/f 600 1:2 =f'],
    ],
    [
      'a directory replaces a symlink to a directory',
      ['d 700 1:2 /', 'd/f 600 1:2 =f'],
      ['x 755 0:0 /', 'x/d 777 0:0 -> e', 'x/e 755 0:0 /', 'x/e/f 644 0:0 =e'],
      ['x/d 700 1:2 /', 'x/d/f 600 1:2 =f'],
    ],
    [
      'a symlink replaces a file, and is not followed by it',
      ['l 777 0:0 -> /etc/passwd'],
      ['x 755 0:0 /', 'x/l 644 0:0 =o'],
      ['x/l 777 0:0 -> /etc/passwd'],
    ],
  ];
  for (const [title, members, below, want] of table) {
    it(title, async () => {
      pack('onto', members);
      expect(await add('onto', '/x', openFolder(directory(below), { uidGid: 'keep' }))).toEqual(want);
    });
  }

  it('a destination that is a symlink is followed, a file is an error', async () => {
    const below = openFolder(directory(['file 644 0:0 =f', 'l 777 0:0 -> real', 'real 700 1:1 /']), {
      uidGid: 'keep',
    });
    pack('one', ['f 644 0:0 =f'], 'f');
    expect(await add('one', '/l', below)).toEqual(['real/f 644 0:0 =f']);
    expect(await add('one', '/file', below)).toEqual(['error not-a-directory']);
  });

  it('a directory that two members turn into a file and back loses what was below it', async () => {
    pack('turns', ['d 600 0:0 =file'], 'd');
    const from = directory(['d 700 0:0 /', 'd/g 600 0:0 =g']);
    execFileSync('tar', ['-C', from, '-rf', join(context, 'turns'), 'd']);
    const below = openFolder(
      directory(['d 755 0:0 /', 'd/e 755 0:0 /', 'd/e/f 644 0:0 =o', 'd/g 644 0:0 =o']),
      {
        uidGid: 'keep',
      },
    );
    const entries = await entriesOf('turns', '/', below);
    expect(entries.map(({ path, type }) => [path, type])).toEqual([
      ['d', 'directory'],
      ['d/e', 'delete'],
      ['d/g', 'file'],
    ]);
  });

  it('a hard link to a file that is only there already takes it along', async () => {
    pack('half', ['a 644 0:0 =a', 'b == a'], 'a', 'b');
    execFileSync('tar', ['--delete', '-f', join(context, 'half'), 'a']);
    const below = openFolder(directory(['a 640 3:4 =below']), { uidGid: 'keep' });
    expect((await entriesOf('half', '/', below)).map(({ path, type }) => [path, type])).toEqual([
      ['a', 'file'],
      ['b', 'hardlink'],
    ]);
    expect(await add('half', '/', below)).toEqual(['b == a']);
    expect(await add('half', '/')).toEqual(['error archive-link']);
  });
});

describe('hostile archives', () => {
  /** GNU tar renames on the way in what it would refuse to pack. */
  const rename = (from: string, to: string): string => `--transform=s,^${from}$,${to},`;
  const table: [title: string, lines: string[], args: string[], want: string[]][] = [
    ['a name that climbs out', ['f 644 0:0 =f'], ['-P', rename('f', '../f'), 'f'], ['error archive-escape']],
    [
      'one that climbs out later',
      ['f 644 0:0 =f'],
      ['-P', rename('f', 'a/../../f'), 'f'],
      ['error archive-escape'],
    ],
    [
      'one that climbs inside',
      ['f 644 0:0 =f'],
      ['-P', rename('f', 'a/../f'), 'f'],
      ['x 755 0:0 /', 'x/f 644 0:0 =f'],
    ],
    [
      'an absolute name',
      ['f 644 0:0 =f'],
      ['-P', rename('f', '/etc/f'), 'f'],
      ['x 755 0:0 /', 'x/etc 755 0:0 /', 'x/etc/f 644 0:0 =f'],
    ],
    [
      'a link to / and a member through it',
      ['l 777 0:0 -> /', 'f 644 0:0 =f'],
      ['-P', rename('f', 'l/f'), 'l', 'f'],
      ['x 755 0:0 /', 'x/f 644 0:0 =f', 'x/l 777 0:0 -> /'],
    ],
    [
      'a link that climbs and a member through it',
      ['etc 700 0:0 /', 'l 777 0:0 -> ../../../etc', 'f 644 0:0 =f'],
      ['-P', '--transform=s,^f$,l/f,S', 'etc', 'l', 'f'],
      ['x 755 0:0 /', 'x/etc 700 0:0 /', 'x/etc/f 644 0:0 =f', 'x/l 777 0:0 -> ../../../etc'],
    ],
    [
      'a link to nothing and a member through it',
      ['l 777 0:0 -> ../../../etc', 'f 644 0:0 =f'],
      ['-P', '--transform=s,^f$,l/f,S', 'l', 'f'],
      ['x 755 0:0 /', 'x/etc 755 0:0 /', 'x/etc/f 644 0:0 =f', 'x/l 777 0:0 -> ../../../etc'],
    ],
    [
      'a link to nothing and a member deep below it',
      ['l 777 0:0 -> gone', 'f 644 0:0 =f'],
      ['-P', '--transform=s,^f$,l/a/b/f,S', 'l', 'f'],
      [
        'x 755 0:0 /',
        'x/gone 755 0:0 /',
        'x/gone/a 755 0:0 /',
        'x/gone/a/b 755 0:0 /',
        'x/gone/a/b/f 644 0:0 =f',
        'x/l 777 0:0 -> gone',
      ],
    ],
    [
      'a link to nothing and a directory below it',
      ['d 755 0:0 /', 'l 777 0:0 -> gone'],
      ['-P', '--transform=s,^d$,l/d,S', 'l', 'd'],
      ['x 755 0:0 /', 'x/gone 755 0:0 /', 'x/gone/d 755 0:0 /', 'x/l 777 0:0 -> gone'],
    ],
    [
      'a link to nothing that is a directory by then',
      ['d 755 0:0 /', 'f 644 0:0 =f', 'l 777 0:0 -> d'],
      ['-P', '--transform=s,^f$,l/f,S', 'l', 'd', 'f'],
      ['x 755 0:0 /', 'x/d 755 0:0 /', 'x/d/f 644 0:0 =f', 'x/l 777 0:0 -> d'],
    ],
    [
      'a hard link outside',
      ['a 644 0:0 =a', 'b == a'],
      ['-P', '--transform=s,^a$,../../etc/passwd,H', '--transform=s,^b$,b,', 'a', 'b'],
      ['error archive-escape'],
    ],
    [
      'a link to itself in the way',
      ['l 777 0:0 -> l', 'f 644 0:0 =f'],
      ['-P', '--transform=s,^f$,l/f,S', 'l', 'f'],
      ['error too-many-symlinks'],
    ],
    [
      'a file as a directory',
      ['a 644 0:0 =a', 'f 644 0:0 =f'],
      ['-P', rename('f', 'a/f'), 'a', 'f'],
      ['error not-a-directory'],
    ],
  ];
  for (const [title, lines, args, want] of table) {
    it(title, async () => {
      pack('hostile', lines, ...args);
      expect(await add('hostile', '/x')).toEqual(want);
    });
  }

  it('cut short in its content', async () => {
    pack('cut', ['f 644 0:0 =ffff'], 'f');
    truncateSync(join(context, 'cut'), 514);
    expect(await add('cut', '/x')).toEqual(['error tar-truncated']);
  });

  it('cut short in its compression', async () => {
    const from = directory();
    writeFileSync(
      join(from, 'random'),
      Buffer.from(Array.from({ length: 1 << 16 }, (_, i) => (i * i * 7919) >> 5)),
    );
    for (const [flag, code] of [
      ['-z', 'bad-compression'],
      ['-J', 'bad-compression'],
    ] as const) {
      execFileSync('tar', ['-C', from, flag, '-cf', join(context, 'cut'), 'random']);
      truncateSync(join(context, 'cut'), 2000);
      const got = await add('cut', '/x');
      // What xz holds back until its block is whole may be the first header: then nothing was begun.
      expect([[`error ${code}`], []]).toContainEqual(got.filter((line) => line.startsWith('error')));
    }
  });
});

it('agrees with GNU tar about a real tree', async () => {
  const from = join(process.cwd(), 'fixtures');
  execFileSync('tar', ['-C', from, '-czf', join(context, 'real'), '.']);
  const byTar = directory();
  execFileSync('tar', ['-C', byTar, '-xpzf', join(context, 'real')]);
  const want = difference(new Map(), linesOfTree(openFolder(byTar, { uidGid: 'keep' })));
  expect(await add('real', '/')).toEqual(want);
  expect(want.length).toBeGreaterThan(20);
});

it('what was no archive leaves nothing in the scratch directory', async () => {
  writeFileSync(join(context, 'blob'), execFileSync('gzip', ['-c'], { input: 'text' }));
  const spool = directory();
  const tree = openFolder(context, { uidGid: 'root' });
  const request = { sources: ['blob'], keepsParents: false, excludes: [], heredocs: [] };
  await openArchives(await selectFiles(tree, request), undefined, spool);
  expect(readdirSync(spool)).toEqual([]);
});
