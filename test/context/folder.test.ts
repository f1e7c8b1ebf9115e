import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openFolder } from '../../src/context/folder.ts';
import { compileIgnore } from '../../src/context/patterns/ignore.ts';
import { type BytePath, bytePathFromText, bytePathToFs, joinBytePath } from '../../src/core/byte-path.ts';
import type { FileTree } from '../../src/core/file-tree.ts';
import { makeNode } from '../../src/sys/node.ts';

const scratch = mkdtempSync(join(tmpdir(), 'strata-folder-'));
const server = createServer();

beforeAll(async () => {
  const files = ['a.md', 'dir/keep', 'dir/other', 'dir/sub/x', 'node_modules/m/deep', 'README.md', 'top'];
  for (const path of files) {
    mkdirSync(join(scratch, dirname(path)), { recursive: true });
    writeFileSync(join(scratch, path), path);
  }
  mkdirSync(join(scratch, 'empty'));
  chmodSync(join(scratch, 'dir'), 0o2710);
  chownSync(join(scratch, 'dir'), 12, 34);
  chownSync(join(scratch, 'top'), 56, 78);
  symlinkSync('/etc/passwd', join(scratch, 'link'));
  writeFileSync(bytePathToFs(`${bytePathFromText(scratch)}/not\xffutf8`), '');
  makeNode(join(scratch, 'pipe'), 'fifo', 0o600, 0, 0);
  await new Promise<void>((resolve) => server.listen(join(scratch, 'socket'), resolve));
});
afterAll(() => {
  server.close();
  rmSync(scratch, { recursive: true });
});

function walk(tree: FileTree, directory: BytePath = ''): BytePath[] {
  return tree.list(directory).flatMap((name) => {
    const path = joinBytePath(directory, name);
    const stat = tree.lstat(path);
    if (stat === undefined) throw new Error(`${path} is listed and not there`);
    return stat.type === 'directory' ? [`${path}/`, ...walk(tree, path)] : [path];
  });
}

describe('what is in a folder', () => {
  const plain = ['empty/', 'link', 'not\xffutf8', 'pipe', 'socket', 'top'];
  const everything = [
    ...['README.md', 'a.md', 'dir/', 'dir/keep', 'dir/other', 'dir/sub/', 'dir/sub/x', 'empty/', 'link'],
    ...['node_modules/', 'node_modules/m/', 'node_modules/m/deep', 'not\xffutf8', 'pipe', 'socket', 'top'],
  ];
  const table: [title: string, rules: string, want: string[]][] = [
    ['no rules', '', everything],
    ['files and directories', '*.md\ndir\nnode_modules', plain],
    ['an exception keeps what leads to it', '*\n!dir/keep', ['dir/', 'dir/keep']],
    ['deeper', '**\n!node_modules/*/deep', ['node_modules/', 'node_modules/m/', 'node_modules/m/deep']],
    ['an exception that meets nothing keeps nothing', '*\n!dir/none\n!node_modules/m/none/x', []],
    ['contents only: the directory stays, empty', '*\n!node_modules\nnode_modules/**', ['node_modules/']],
    ['a symlink is judged by its own path', '*\n!link\netc', ['link']],
    ['names that are not UTF-8', '*\n!not?utf8', ['not\xffutf8']],
  ];
  for (const [title, rules, want] of table) {
    it(title, () => {
      const tree = openFolder(scratch, { uidGid: 'root', ignore: compileIgnore(rules) });
      expect(walk(tree)).toEqual(want);
      // What is not listed is not there either.
      const hidden = everything.filter((path) => !want.includes(path)).map((path) => path.replace(/\/$/, ''));
      expect(hidden.filter((path) => tree.lstat(path) !== undefined)).toEqual([]);
    });
  }
});

describe('files', () => {
  const table: [path: string, uidGid: 'root' | 'keep', want: object | undefined][] = [
    ['', 'root', { type: 'directory', uid: 0, gid: 0 }],
    ['dir', 'keep', { type: 'directory', mode: 0o2710, uid: 12, gid: 34, size: 0 }],
    ['dir', 'root', { type: 'directory', mode: 0o2710, uid: 0, gid: 0 }],
    ['top', 'keep', { type: 'file', uid: 56, gid: 78, size: 3, linkCount: 1 }],
    ['top', 'root', { type: 'file', uid: 0, gid: 0, size: 3 }],
    ['link', 'root', { type: 'symlink', size: 0 }],
    ['socket', 'root', { type: 'socket', size: 0 }],
    ['pipe', 'root', { type: 'fifo', mode: 0o600 }],
    ['not\xffutf8', 'root', { type: 'file' }],
    ['none', 'root', undefined],
    ['top/none', 'root', undefined],
  ];
  for (const [path, uidGid, want] of table) {
    it(`${path} (${uidGid})`, () => {
      const stat = openFolder(scratch, { uidGid }).lstat(path);
      if (want === undefined) expect(stat).toBeUndefined();
      else expect(stat).toMatchObject(want);
    });
  }

  it('have their times to the nanosecond', () => {
    utimesSync(join(scratch, 'top'), 1, 1_600_000_000.25);
    expect(openFolder(scratch, { uidGid: 'root' }).lstat('top')?.mtime).toEqual({
      seconds: 1_600_000_000,
      nanoseconds: 250_000_000,
    });
  });

  it('links say where they point and are not followed', () => {
    const tree = openFolder(`${scratch}/`, { uidGid: 'root' });
    expect(tree.readlink('link')).toBe('/etc/passwd');
    expect(() => tree.open('link')).toThrow('cannot read');
  });

  it('opens a file whatever bytes its name has, for this process alone, and waits for no fifo', () => {
    const tree = openFolder(scratch, { uidGid: 'root' });
    for (const path of ['dir/sub/x', 'not\xffutf8', 'pipe']) {
      const descriptor = tree.open(path);
      const closedOnExec = 0o2000000;
      const [, flags] =
        /^flags:\t(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8')) ?? [];
      expect(Number.parseInt(flags ?? '', 8) & closedOnExec).toBe(closedOnExec);
      if (path === 'dir/sub/x') expect(readFileSync(descriptor, 'utf8')).toBe(path);
      closeSync(descriptor);
    }
  });

  it('a file that is gone is a clear error', () => {
    expect(() => openFolder(scratch, { uidGid: 'root' }).open('gone')).toThrow(
      expect.objectContaining({
        code: 'context-unreadable',
        message: `cannot read "${scratch}/gone": ENOENT`,
        hint: expect.stringContaining('removed or replaced while the build was reading it'),
      }),
    );
  });
});

describe('why something is missing', () => {
  const tree = openFolder(scratch, { uidGid: 'root', ignore: compileIgnore('*.md\n!README.md\ndir') });
  const table: [path: string, want: string | undefined][] = [
    ['a.md', 'excluded by .dockerignore line 1: *.md'],
    ['dir/sub/x', 'excluded by .dockerignore line 3: dir'],
    ['README.md', undefined],
    ['dir/none', undefined],
    ['none.md', undefined],
  ];
  for (const [path, want] of table) it(path, () => expect(tree.explainMissing?.(path)).toBe(want));
});

describe('a directory that becomes a symlink while it is read', () => {
  const context = join(scratch, 'moving');
  const outside = join(scratch, 'outside');
  const swap = () => {
    renameSync(join(context, 'dir'), join(context, 'was-dir'));
    symlinkSync(outside, join(context, 'dir'));
  };
  const textOf = (tree: FileTree, path: BytePath) => {
    const descriptor = tree.open(path);
    try {
      return readFileSync(descriptor, 'utf8');
    } finally {
      closeSync(descriptor);
    }
  };
  beforeEach(() => {
    for (const [path, text] of [
      ['moving/dir/sub/file', 'inside'],
      ['outside/sub/file', 'canary'],
      ['outside/sub/only-outside', 'canary'],
    ] as const) {
      mkdirSync(join(scratch, dirname(path)), { recursive: true });
      writeFileSync(join(scratch, path), text);
    }
  });
  afterEach(() => {
    rmSync(context, { recursive: true });
    rmSync(outside, { recursive: true });
  });

  it('is read on where it was when the walk was in it', () => {
    const tree = openFolder(context, { uidGid: 'root' });
    expect(tree.list('dir/sub')).toEqual(['file']);
    swap();
    expect(textOf(tree, 'dir/sub/file')).toBe('inside');
    expect(tree.list('dir/sub')).toEqual(['file']);
  });

  it.each<[string, (tree: FileTree) => unknown]>([
    ['opened', (tree) => tree.open('dir/sub/file')],
    ['listed', (tree) => tree.list('dir/sub')],
    ['asked for a link', (tree) => tree.readlink('dir/sub/file')],
    ['asked for attributes', (tree) => tree.xattrs('dir/sub/file')],
  ])('is not followed when it is %s', (_title, ask) => {
    const tree = openFolder(context, { uidGid: 'root' });
    expect(tree.lstat('dir')?.type).toBe('directory');
    swap();
    expect(() => ask(tree)).toThrow(expect.objectContaining({ code: 'context-unreadable' }));
    expect(tree.lstat('dir/sub/only-outside')).toBeUndefined();
  });
});
