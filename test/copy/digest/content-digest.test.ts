import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openDigestIndex } from '../../../src/context/digest-index.ts';
import { openFolder } from '../../../src/context/folder.ts';
import type { SelectionDigest } from '../../../src/copy/digest/content-digest.ts';
import { selectFiles } from '../../../src/copy/select/select.ts';
import type { SelectRequest } from '../../../src/copy/selection.ts';
import type { FileTree } from '../../../src/core/file-tree.ts';
import { makeNode } from '../../../src/sys/node.ts';
import { setXattr } from '../../../src/sys/xattr.ts';
import { digestOf } from '../digest-of.ts';

const scratch = mkdtempSync(join(tmpdir(), 'strata-digest-'));
afterAll(() => rmSync(scratch, { recursive: true }));

let count = 0;
/** A fresh directory: d/f, d/e (empty directory), d/l -> f, x, y. */
const mebibyte = 1 << 20;

function sample(): string {
  const directory = join(scratch, String(count++));
  mkdirSync(join(directory, 'd/e'), { recursive: true });
  writeFileSync(join(directory, 'd/f'), 'content');
  symlinkSync('f', join(directory, 'd/l'));
  writeFileSync(join(directory, 'x'), 'same');
  writeFileSync(join(directory, 'y'), 'same');
  return directory;
}

async function digest(tree: FileTree, request: Partial<SelectRequest> = {}): Promise<SelectionDigest> {
  const whole = { sources: ['.'], keepsParents: false, excludes: [], heredocs: [], ...request };
  return digestOf(await selectFiles(tree, whole));
}

const keep = { uidGid: 'keep' } as const;

describe('what is part of the digest', () => {
  const table: [title: string, change: (directory: string) => void, isSame: boolean][] = [
    ['nothing changed', () => {}, true],
    ['a touched file', (d) => utimesSync(join(d, 'x'), 1, 1), true],
    ['a touched directory', (d) => utimesSync(join(d, 'd'), 1, 1), true],
    ['mode of the directory whose contents are taken', (d) => chmodSync(d, 0o700), true],
    ['other content of the same size', (d) => writeFileSync(join(d, 'd/f'), 'CONTENT'), false],
    ['a byte more', (d) => appendFileSync(join(d, 'x'), '!'), false],
    ['a mode', (d) => chmodSync(join(d, 'x'), 0o755), false],
    ['a setuid bit', (d) => chmodSync(join(d, 'x'), 0o4644), false],
    ['mode of a nested directory', (d) => chmodSync(join(d, 'd/e'), 0o700), false],
    ['an owner', (d) => chownSync(join(d, 'x'), 1, 0), false],
    ['a group', (d) => chownSync(join(d, 'x'), 0, 1), false],
    ['a new file', (d) => writeFileSync(join(d, 'z'), ''), false],
    ['a new directory', (d) => mkdirSync(join(d, 'd/e/e')), false],
    ['a file gone', (d) => unlinkSync(join(d, 'y')), false],
    [
      'another link target',
      (d) => {
        unlinkSync(join(d, 'd/l'));
        symlinkSync('e', join(d, 'd/l'));
      },
      false,
    ],
    [
      'two equal files that became one',
      (d) => {
        unlinkSync(join(d, 'y'));
        linkSync(join(d, 'x'), join(d, 'y'));
      },
      false,
    ],
    ['a user attribute', (d) => setXattr(join(d, 'x'), 'user.note', Buffer.from('1')), false],
    [
      'an attribute that is not copied',
      (d) => setXattr(join(d, 'x'), 'trusted.note', Buffer.from('1')),
      true,
    ],
    ['a fifo in place of an empty file', (d) => makeNode(join(d, 'p'), 'fifo', 0o644, 0, 0), false],
  ];
  for (const [title, change, isSame] of table) {
    it(title, async () => {
      const directory = sample();
      const before = await digest(openFolder(directory, keep));
      change(directory);
      const after = await digest(openFolder(directory, keep));
      expect(after.digest === before.digest).toBe(isSame);
      expect(after.lines.join() === before.lines.join()).toBe(isSame);
    });
  }

  it('device numbers', async () => {
    const numbers = [
      [1, 3],
      [1, 5],
    ] as const;
    const digests = await Promise.all(
      numbers.map(([major, minor]) => {
        const directory = sample();
        makeNode(join(directory, 'n'), 'char', 0o600, major, minor);
        return digest(openFolder(directory, keep));
      }),
    );
    expect(new Set(digests.map((d) => d.digest)).size).toBe(2);
  });

  it('not where the files lie', async () => {
    const [first, second] = [sample(), sample()];
    expect(await digest(openFolder(first, keep))).toEqual(await digest(openFolder(second, keep)));
  });

  const requests: [title: string, a: Partial<SelectRequest>, b: Partial<SelectRequest>, isSame: boolean][] = [
    ['the name a file lands under', { sources: ['x'] }, { sources: ['y'] }, false],
    ['not the path to it', { sources: ['d/f'] }, { sources: ['./d/../d/f'] }, true],
    ['the order of arguments', { sources: ['x', 'y'] }, { sources: ['y', 'x'] }, false],
    ['a file and a directory with it alone', { sources: ['d/f'] }, { sources: ['d'] }, false],
    ['what excludes leave out', {}, { excludes: ['x'] }, false],
    ['excludes that meet nothing', {}, { excludes: ['nothing'] }, true],
    [
      'text of a heredoc',
      { sources: [], heredocs: [{ name: 'h', content: 'a' }] },
      { sources: [], heredocs: [{ name: 'h', content: 'b' }] },
      false,
    ],
    [
      'name of a heredoc',
      { sources: [], heredocs: [{ name: 'h', content: 'a' }] },
      { sources: [], heredocs: [{ name: 'i', content: 'a' }] },
      false,
    ],
  ];
  for (const [title, a, b, isSame] of requests) {
    it(title, async () => {
      const tree = openFolder(sample(), keep);
      expect((await digest(tree, a)).digest === (await digest(tree, b)).digest).toBe(isSame);
    });
  }
});

describe('the lines', () => {
  it('say what each file is', async () => {
    const directory = sample();
    linkSync(join(directory, 'x'), join(directory, 'z'));
    writeFileSync(join(directory, 'a b\\\n'), '');
    setXattr(join(directory, 'y'), 'user.note', Buffer.from('1'));
    chmodSync(join(directory, 'd'), 0o2751);
    const same = '0967115f2813a3541eaef77de9d9d5773f1c0c04314b0bbfe4ff3b3b1c55b5d5';
    const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
    const one = '6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b';
    expect((await digest(openFolder(directory, keep))).lines).toEqual([
      'source 0 directory',
      `file 644 0:0 0 ${empty} - a\\x20b\\x5c\\x0a`,
      'directory 2751 0:0 - - - d',
      'directory 755 0:0 - - - d/e',
      'file 644 0:0 7 ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73 - d/f',
      'symlink 777 0:0 - - - d/l -> f',
      `file 644 0:0 4 ${same} - x`,
      `file 644 0:0 4 ${same} user.note=${one} y`,
      `file 644 0:0 4 ${same} - z = x`,
    ]);
  });
});

describe('reading', () => {
  const later = Date.now() + 60_000;

  it('an index spares it', async () => {
    const directory = sample();
    const file = join(scratch, 'index', String(count++));
    const index = openDigestIndex(file, later);
    const first = await digest(openFolder(directory, { ...keep, digests: index }));
    await index.save();
    const tree = openFolder(directory, { ...keep, digests: openDigestIndex(file, later) });
    const second = await digest(tree);
    expect([first.filesHashed, second.filesHashed]).toEqual([3, 0]);
    expect(second.digest).toBe(first.digest);
    writeFileSync(join(directory, 'x'), 'diff');
    const third = await digest(tree);
    expect(third.filesHashed).toBe(1);
    expect(third.digest).not.toBe(first.digest);
  });

  it.each([
    ['several pieces', 3 * mebibyte + 5],
    ['the least that is read ahead', 8 * mebibyte],
    ['many pieces, read ahead', 9 * mebibyte + 5],
  ])('a file of %s is whole', async (_title, size) => {
    const directory = sample();
    const content = Buffer.from(Uint32Array.from({ length: Math.ceil(size / 4) }, (_, at) => at).buffer);
    writeFileSync(join(directory, 'x'), content.subarray(0, size));
    const { lines } = await digest(openFolder(directory, keep), { sources: ['x'] });
    const want = createHash('sha256').update(content.subarray(0, size)).digest('hex');
    expect(lines[1]).toBe(`file 644 0:0 ${size} ${want} - .`);
  });

  for (const [title, before, after] of [
    ['shrank', 7, 3],
    ['grew', 7, 50],
    ['is large and shrank', 9 * mebibyte, 9 * mebibyte - 1],
    ['is large and lost all', 9 * mebibyte, 0],
    ['is large and grew', 9 * mebibyte, 9 * mebibyte + 1],
  ] as const) {
    it(`a file that ${title} meanwhile is an error`, async () => {
      const directory = sample();
      truncateSync(join(directory, 'd/f'), before);
      const tree = openFolder(directory, keep);
      const selection = await selectFiles(tree, {
        sources: ['d'],
        keepsParents: false,
        excludes: [],
        heredocs: [],
      });
      truncateSync(join(directory, 'd/f'), after);
      const open = readdirSync('/proc/self/fd').length;
      await expect(digestOf(selection)).rejects.toMatchObject({ code: 'source-changed' });
      expect(readdirSync('/proc/self/fd').length).toBe(open);
    });
  }

  it('stops when it is told to, and leaves no descriptor open', async () => {
    const directory = sample();
    truncateSync(join(directory, 'x'), 1 << 30);
    const controller = new AbortController();
    const selection = await selectFiles(openFolder(directory, keep), {
      sources: ['x'],
      keepsParents: false,
      excludes: [],
      heredocs: [],
    });
    const before = readdirSync('/proc/self/fd').length;
    setImmediate(() => controller.abort());
    await expect(digestOf(selection, controller.signal)).rejects.toMatchObject({
      code: 'canceled',
    });
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });
});
