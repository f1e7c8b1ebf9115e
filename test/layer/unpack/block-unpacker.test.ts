/** Files written from the blocks of the layer they are packed into: by this thread a few, by another one many. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BlobStore } from '../../../src/content/blob-store.ts';
import { openBlobStore } from '../../../src/content/dir-store.ts';
import { bytePathFromText, joinBytePath } from '../../../src/core/byte-path.ts';
import { applyLayer } from '../../../src/layer/apply.ts';
import { blockBytes } from '../../../src/layer/compress/block-compressor.ts';
import { CompressPool } from '../../../src/layer/compress/compress-pool.ts';
import type { LayerEntry } from '../../../src/layer/layer-entry.ts';
import { packLayer } from '../../../src/layer/pack.ts';
import { mergedTree } from '../../../src/snapshot/merged-tree.ts';
import { statFile } from '../../../src/sys/stat.ts';
import { describeWith } from '../../support/capabilities.ts';
import { entryOf } from '../../tar/archive.ts';
import { listTree } from '../tree-listing.ts';

const compression = { algorithm: 'uncompressed' } as const;

/** What keeps this process alive and has to do with threads. */
const held = () =>
  process.getActiveResourcesInfo().filter((name) => ['MessagePort', 'Worker'].includes(name)).length;

describeWith(['root'], 'files written while they are packed', () => {
  let directory: string;
  let blobs: BlobStore;
  let source: string;
  let count = 0;
  const pools: CompressPool[] = [];
  const openPool = () => {
    const pool = new CompressPool(1);
    pools.push(pool);
    return pool;
  };
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'strata-blocks-'));
    blobs = openBlobStore(join(directory, 'layout'), join(directory, 'ingest'));
    source = join(directory, 'source');
    writeFileSync(source, 'once');
  });
  afterAll(async () => {
    await Promise.all(pools.map((pool) => pool.close()));
    rmSync(directory, { recursive: true });
  });
  const freshUpper = () => {
    const path = join(directory, String(count++));
    mkdirSync(path);
    return path;
  };
  const treeAt = (...paths: string[]) => listTree(mergedTree(paths.map(bytePathFromText)));
  const fileOf = (path: string, bytes: Buffer, fields = {}): LayerEntry => ({
    ...entryOf({ path, size: bytes.length, ...fields }),
    content: { kind: 'bytes', bytes },
  });

  /** Every kind of entry, and one file that is `size` long among them. */
  const entriesWith = (size: number): LayerEntry[] => {
    return [
      entryOf({ path: '', type: 'directory', mode: 0o711, uid: 3 }),
      entryOf({ path: 'a', type: 'directory', mode: 0o555, mtime: { seconds: 7, nanoseconds: 8 } }),
      fileOf('a/empty', Buffer.alloc(0), { mtime: { seconds: -5, nanoseconds: 250_000_000 } }),
      { type: 'delete', path: 'a/gone' },
      fileOf('a/large', Buffer.alloc(size, 'strata '), { mtime: { seconds: 1e9, nanoseconds: 1 } }),
      entryOf({
        path: 'a/linked',
        type: 'hardlink',
        link: 'a/large',
        mtime: { seconds: 1e9, nanoseconds: 1 },
      }),
      entryOf({ path: 'a/replaced', type: 'directory', mode: 0o2755, gid: 7 }),
      { type: 'delete', path: 'a/replaced/old' },
      fileOf('b\xff\n', Buffer.from('odd'), { mode: 0o4711, uid: 70_000, gid: 1000 }),
      entryOf({
        path: 'c',
        type: 'symlink',
        mode: 0o777,
        link: 'a/../\xe9',
        mtime: { seconds: 5, nanoseconds: 6 },
      }),
      entryOf({ path: 'd', type: 'fifo', mode: 0o640 }),
      entryOf({ path: 'e', type: 'char', devMajor: 1, devMinor: 3 }),
      entryOf({ path: 'n'.repeat(200), type: 'directory', mode: 0o755 }),
      fileOf(`${'n'.repeat(200)}/${'m'.repeat(200)}`, Buffer.from('x'), {
        xattrs: [{ name: 'user.note', value: new Uint8Array([0, 1, 255]) }],
        mtime: { seconds: 1_700_000_000, nanoseconds: 999_999_999 },
      }),
      { ...entryOf({ path: 'z', size: 4 }), content: { kind: 'file', open: () => openSync(source, 'r') } },
    ];
  };

  test.each([
    ['one block', 100],
    ['two blocks, a header on the edge of them', blockBytes - 3 * 512],
    ['two blocks', blockBytes],
    ['more blocks than there are', 7 * blockBytes],
  ])('the same tree as its layer gives: %s', async (_, size) => {
    const pool = openPool();
    const before = held();
    const entries = entriesWith(size);
    const upper = freshUpper();
    const { layer } = await packLayer(entries, blobs, { compression, files: { upper }, pool });
    expect(held()).toBe(before);

    const applied = freshUpper();
    const { mediaType, ...blob } = layer.descriptor;
    await applyLayer(blobs.open(blob), mediaType, applied, layer.diffID);
    // A layer has whole seconds.
    const withoutFractions = (lines: string[]) => lines.map((line) => line.replace(/(@-?\d+)\.\d+/, '$1'));
    expect(withoutFractions(treeAt(upper))).toEqual(withoutFractions(treeAt(applied)));

    for (const entry of entries) {
      if (entry.type === 'delete') continue;
      expect([entry.path, statIn(upper, entry.path)?.mtime]).toEqual([entry.path, entry.mtime]);
    }
    expect(statIn(upper, '')).toMatchObject({ mode: 0o711, uid: 3 });
    expect(statIn(upper, 'a/gone')).toMatchObject({ type: 'char', devMajor: 0, devMinor: 0 });
  });

  test('of several layers at once, each has its own files, read once', async () => {
    const pool = openPool();
    const opened: string[] = [];
    const uppers = await Promise.all(
      ['x', 'y'].map(async (name) => {
        const upper = freshUpper();
        const open = () => {
          opened.push(name);
          return openSync(source, 'r');
        };
        const entries: LayerEntry[] = [
          ...many(5, name),
          { ...entryOf({ path: `${name} from disk`, size: 4 }), content: { kind: 'file', open } },
        ];
        await packLayer(entries, blobs, { compression, files: { upper }, pool });
        return upper;
      }),
    );
    expect(opened.sort()).toEqual(['x', 'y']);
    expect(uppers.map((upper) => readdirSync(upper))).toEqual(
      ['x', 'y'].map((name) => [`${name} from disk`, ...many(5, name).map(({ path }) => path)]),
    );
    expect(readFileSync(join(uppers[1] ?? '', 'y from disk'), 'utf8')).toBe('once');
  });

  test.each([
    ['in another thread', 20],
    ['in this thread', 0.5],
  ])('a full disk, with the file that did not fit: %s', async (_, mebibytes) => {
    const pool = openPool();
    const small = freshUpper();
    execFileSync('mount', [
      '-t',
      'tmpfs',
      '-o',
      `size=${Math.ceil(mebibytes * 0.3 * 1024)}k`,
      'tmpfs',
      small,
    ]);
    try {
      const packing = packLayer(many(mebibytes, 'f'), blobs, { compression, files: { upper: small }, pool });
      await expect(packing).rejects.toMatchObject({
        code: 'disk-full',
        message: expect.stringMatching(/"\/f\d{4}" beneath /),
      });
      await expect(allBlocks(pool)).resolves.toHaveLength(6);
      const names = readdirSync(small);
      expect(names.length).toBeLessThan(many(mebibytes, 'f').length);
    } finally {
      execFileSync('umount', [small]);
    }
  });

  test('nothing is written once it was cancelled, or a file could not be read', async () => {
    const pool = openPool();
    const missing = () => openSync(join(directory, 'missing'), 'r');
    const ends: [last: (stopped: AbortController) => LayerEntry, error: object][] = [
      [
        (stopped) => {
          stopped.abort();
          return entryOf({ path: 'last' });
        },
        { name: 'CanceledError' },
      ],
      [
        () => ({ ...entryOf({ path: 'last', size: 1 }), content: { kind: 'file', open: missing } }),
        { code: 'ENOENT' },
      ],
    ];
    for (const [last, error] of ends) {
      const upper = freshUpper();
      const stopped = new AbortController();
      const entries = function* () {
        yield* many(4, 'f');
        yield last(stopped);
        yield* many(4, 'g');
      };
      const { signal } = stopped;
      await expect(
        packLayer(entries(), blobs, { compression, files: { upper }, pool, signal }),
      ).rejects.toMatchObject(error);
      // Were anything still written, this would fail or leave something.
      rmSync(upper, { recursive: true });
      await expect(
        allBlocks(pool).then((blocks) => blocks.map((block) => pool.give(block))),
      ).resolves.toHaveLength(6);
      expect(openBeneath(upper)).toEqual([]);
      expect(existsSync(upper)).toBe(false);
    }
  });

  const statIn = (upper: string, path: string) => statFile(joinBytePath(bytePathFromText(upper), path));
  /** So many mebibytes of files, of 64 KiB each. */
  const many = (mebibytes: number, name: string): LayerEntry[] =>
    Array.from({ length: mebibytes * 16 }, (_, index) =>
      fileOf(`${name}${String(index).padStart(4, '0')}`, Buffer.alloc(1 << 16, name)),
    );
  /** Descriptors of this process; a file that is gone still has its name there. */
  const openBeneath = (path: string) =>
    readdirSync('/proc/self/fd').filter((fd) => linkOf(fd).startsWith(path));
  const linkOf = (fd: string) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  };
  /** Those that a pool of one thread has; waits forever when one was not given back. */
  const allBlocks = (pool: CompressPool) => Promise.all(Array.from({ length: 6 }, () => pool.take()));
});
