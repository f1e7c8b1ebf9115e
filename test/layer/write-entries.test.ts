import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type BytePath, bytePathFromText, compareBytes } from '../../src/core/byte-path.ts';
import { emptyTree } from '../../src/core/file-tree.ts';
import { diffSnapshot } from '../../src/layer/diff.ts';
import type { LayerEntry } from '../../src/layer/layer-entry.ts';
import { writeEntries } from '../../src/layer/write-entries.ts';
import { mergedTree } from '../../src/snapshot/merged-tree.ts';
import { statFile } from '../../src/sys/stat.ts';
import { readXattrs } from '../../src/sys/xattr.ts';
import type { TarEntryType } from '../../src/tar/entry.ts';
import { describeWith } from '../support/capabilities.ts';
import { entryOf } from '../tar/archive.ts';
import { listTree, printEntry } from './tree-listing.ts';

describeWith(['root'], 'writing entries', () => {
  let directory: string;
  let upper: string;
  let count = 0;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'strata-write-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));
  beforeEach(() => {
    upper = freshUpper();
  });
  const freshUpper = () => {
    const path = join(directory, String(count++));
    mkdirSync(path);
    return path;
  };
  const file = (path: string, text: string): LayerEntry => {
    const bytes = Buffer.from(text);
    return { ...entryOf({ path, size: bytes.length }), content: { kind: 'bytes', bytes } };
  };
  const write = (entries: Iterable<LayerEntry>, path: string) =>
    writeEntries(entries, { upper: path }, new AbortController().signal);
  const openFiles = () => readdirSync('/proc/self/fd').length;

  test('a file of another size than its entry says', async () => {
    const entries = [3, 7].map((size): LayerEntry => {
      const bytes = Buffer.from('hello');
      return { ...entryOf({ path: 'f', size }), content: { kind: 'bytes', bytes } };
    });
    const before = openFiles();
    for (const entry of entries) {
      await expect(write([entry], freshUpper())).rejects.toMatchObject({ code: 'file-changed' });
    }
    expect(openFiles()).toBe(before);
  });

  test('an attribute that a kind of file cannot have is left out', async () => {
    const xattrs = [{ name: 'user.note', value: new Uint8Array([1]) }];
    const entries = (['file', 'fifo'] as const).map((type) => entryOf({ path: type, type, xattrs }));
    await write(entries, upper);
    const written = ['file', 'fifo'].map((path) => readXattrs(bytePathFromText(join(upper, path))));
    expect(written).toEqual([xattrs, []]);
  });

  test('leaving off early closes what was open', async () => {
    const before = openFiles();
    const failing = function* () {
      yield file('a', 'x');
      throw new Error('no more');
    };
    await expect(write(failing(), upper)).rejects.toThrow('no more');
    expect(openFiles()).toBe(before);
  });

  test('what the filesystem refuses, with the path', async () => {
    await expect(write([file('n'.repeat(300), '')], upper)).rejects.toMatchObject({
      code: 'cannot-write-file',
      message: expect.stringMatching(/^cannot write "\/n{300}": ENAMETOOLONG/),
    });
  });

  test('the root takes the metadata of its entry', async () => {
    const root = entryOf({ path: '', type: 'directory', mode: 0o700, uid: 3 });
    await write([root, file('f', 'x')], upper);
    expect(statFile(upper)).toMatchObject({ mode: 0o700, uid: 3, mtime: root.mtime });
  });

  test('files have the owners of their entries where directories pass their group on', async () => {
    chownSync(upper, 0, 7);
    chmodSync(upper, 0o2755);
    const directory = entryOf({ path: 'd', type: 'directory', mode: 0o755 });
    await write([directory, file('d/f', 'x'), entryOf({ path: 'd/g', gid: 7 })], upper);
    const groups = ['d', 'd/f', 'd/g'].map((path) => statFile(bytePathFromText(join(upper, path)))?.gid);
    expect(groups).toEqual([0, 0, 7]);
  });

  test('whatever is written is what the difference to nothing says', async () => {
    await fc.assert(
      fc.asyncProperty(treeOfEntries, async (entries) => {
        const path = freshUpper();
        await write(entries, path);
        expect([...diffSnapshot(path, emptyTree)].map(printEntry)).toEqual(entries.map(printEntry));
        const copy = freshUpper();
        await write(diffSnapshot(path, emptyTree), copy);
        const [tree, copied] = [path, copy].map((each) => listTree(mergedTree([bytePathFromText(each)])));
        expect(copied).toEqual(tree);
      }),
      { numRuns: 60 },
    );
  });
});

/** Any tree, as entries in order. */
const component = fc
  .array(
    fc.integer({ min: 1, max: 255 }).filter((code) => code !== 0x2f),
    { minLength: 1, maxLength: 4 },
  )
  .map((codes) => String.fromCharCode(...codes))
  .filter((name) => name !== '.' && name !== '..');
const types: readonly Exclude<TarEntryType, 'hardlink'>[] = [
  'file',
  'directory',
  'symlink',
  'fifo',
  'char',
  'block',
];
const member = fc.record({
  path: fc.array(component, { minLength: 1, maxLength: 3 }),
  type: fc.constantFrom(...types),
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.integer({ min: 0, max: 70_000 }),
  gid: fc.integer({ min: 0, max: 70_000 }),
  mtime: fc.record({
    seconds: fc.integer({ min: 0, max: 999_999_999 }),
    nanoseconds: fc.integer({ min: 0, max: 999_999_999 }),
  }),
  text: fc.string({ maxLength: 20 }),
  target: component,
  device: fc.integer({ min: 1, max: 255 }),
});
const treeOfEntries = fc.array(member, { maxLength: 12 }).map((members) => {
  const entries = new Map<BytePath, LayerEntry>();
  for (const { path, text, target, device, ...fields } of members) {
    const parents = path.slice(1).map((_, index) => path.slice(0, index + 1).join('/'));
    if (parents.some((parent) => (entries.get(parent)?.type ?? 'directory') !== 'directory')) continue;
    const name = path.join('/');
    if (entries.get(name)?.type === 'directory') continue;
    for (const parent of parents) {
      if (!entries.has(parent))
        entries.set(parent, entryOf({ path: parent, type: 'directory', mode: 0o755 }));
    }
    const { type } = fields;
    const isDevice = type === 'char' || type === 'block';
    const bytes = Buffer.from(text);
    entries.set(name, {
      ...entryOf({ ...fields, path: name }),
      mode: type === 'symlink' ? 0o777 : fields.mode,
      size: type === 'file' ? bytes.length : 0,
      link: type === 'symlink' ? target : '',
      devMajor: isDevice ? device : 0,
      devMinor: isDevice ? device : 0,
      ...(type === 'file' ? { content: { kind: 'bytes', bytes } } : {}),
    });
  }
  // A slash sorts before everything else: parents first, then names in byte order.
  const key = (path: BytePath) => path.replaceAll('/', '\0');
  return [...entries.values()].sort((a, b) => compareBytes(key(a.path), key(b.path)));
});
