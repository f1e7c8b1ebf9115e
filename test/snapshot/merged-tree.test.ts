import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BytePath, bytePathFromText, bytePathToFs, joinBytePath } from '../../src/core/byte-path.ts';
import type { FileTree } from '../../src/core/file-tree.ts';
import { openSnapshotter } from '../../src/snapshot/overlay-snapshotter.ts';
import type { Snapshotter } from '../../src/snapshot/snapshotter.ts';
import { makeNode, setTimes } from '../../src/sys/node.ts';
import { listNames, statFile } from '../../src/sys/stat.ts';
import { readXattrs, setXattr } from '../../src/sys/xattr.ts';

let root: string;
let snapshots: Snapshotter;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'strata-merged-'));
  snapshots = openSnapshotter(join(root, 'snapshots'), join(root, 'run'));
});
afterEach(() => {
  snapshots.close();
  rmSync(root, { recursive: true });
});

/** The referee: what the kernel shows beneath a mounted directory. */
function mountedTree(directory: string): FileTree {
  const host = (path: BytePath) => joinBytePath(bytePathFromText(directory), path);
  return {
    lstat: (path) => statFile(host(path)),
    // Of a directory that only one layer has, the kernel lists whiteouts too, though nothing is there.
    list: (path) =>
      listNames(host(path)).filter((name) => statFile(host(joinBytePath(path, name))) !== undefined),
    readlink: (path) => readlinkSync(bytePathToFs(host(path)), 'latin1'),
    xattrs: (path) => readXattrs(host(path)),
    open: () => {
      throw new Error('not used');
    },
  };
}

/** Everything a tree shows, one line for each path. */
function describeTree(tree: FileTree, read: (path: BytePath) => string): string[] {
  const lines: string[] = [];
  const visit = (path: BytePath): void => {
    const stat = tree.lstat(path);
    if (stat === undefined) throw new Error(`listed but not there: ${path}`);
    const { type, mode, uid, gid, size, mtime, devMajor, devMinor } = stat;
    const content = type === 'file' ? read(path) : type === 'symlink' ? tree.readlink(path) : '';
    const xattrs = tree
      .xattrs(path)
      .map(({ name, value }) => `${name}=${Buffer.from(value).toString('hex')}`);
    const time = `${mtime.seconds}.${mtime.nanoseconds}`;
    lines.push(
      [`/${path}`, type, mode.toString(8), uid, gid, size, time, devMajor, devMinor, content, ...xattrs].join(
        ' ',
      ),
    );
    if (type === 'directory') for (const name of tree.list(path)) visit(joinBytePath(path, name));
  };
  visit('');
  return lines;
}

function expectSameAsKernel(stack: string[]): void {
  const view = snapshots.view(stack);
  const merged = snapshots.mount(stack);
  const ours = describeTree(view, (path) => {
    const fd = view.open(path);
    try {
      return readFileSync(fd, 'latin1');
    } finally {
      closeSync(fd);
    }
  });
  const kernels = describeTree(mountedTree(merged), (path) =>
    readFileSync(bytePathToFs(joinBytePath(merged, path)), 'latin1'),
  );
  snapshots.unmount(merged);
  expect(ours).toEqual(kernels);
}

/** Not waiting for the reader of a fifo. */
const writing = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NONBLOCK;

const names = ['a', 'b', 'c', '\xff'];
const path = fc
  .array(fc.constantFrom(...names), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('/'));
const seconds = fc.integer({ min: -5, max: 5_000_000_000 });

describe('what programs leave in an overlay', () => {
  /** Each does what it can; a failure (nothing there, a directory in the way) is part of the game. */
  const action = fc.oneof(
    fc.record({ do: fc.constant('write' as const), path, content: fc.string({ maxLength: 3 }), seconds }),
    fc.record({ do: fc.constant('mkdir' as const), path, mode: fc.constantFrom(0o755, 0o1777, 0o700) }),
    fc.record({ do: fc.constant('remove' as const), path }),
    fc.record({ do: fc.constant('replace' as const), path }),
    fc.record({ do: fc.constant('rename' as const), path, to: path }),
    fc.record({ do: fc.constant('link' as const), path, to: path }),
    fc.record({ do: fc.constant('symlink' as const), path, to: path }),
    fc.record({ do: fc.constant('chown' as const), path, uid: fc.nat({ max: 70_000 }) }),
    fc.record({ do: fc.constant('xattr' as const), path, value: fc.uint8Array({ maxLength: 4 }) }),
    fc.record({
      do: fc.constant('node' as const),
      path,
      type: fc.constantFrom('fifo' as const, 'char' as const),
    }),
  );
  type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

  function perform(directory: string, step: Action): void {
    const host = joinBytePath(directory, step.path);
    const fs = bytePathToFs(host);
    const to = 'to' in step ? bytePathToFs(joinBytePath(directory, step.to)) : '';
    if (step.do === 'write') {
      writeFileSync(fs, step.content, { flag: writing as unknown as string });
      setTimes(host, { seconds: step.seconds, nanoseconds: 7 });
    } else if (step.do === 'mkdir') {
      mkdirSync(fs, { recursive: true });
      chmodSync(fs, step.mode);
    } else if (step.do === 'remove') rmSync(fs, { recursive: true });
    else if (step.do === 'replace') {
      rmSync(fs, { recursive: true });
      mkdirSync(fs);
    } else if (step.do === 'rename') renameSync(fs, to);
    else if (step.do === 'link') linkSync(fs, to);
    else if (step.do === 'symlink') symlinkSync(bytePathToFs(step.to), fs);
    else if (step.do === 'chown') chownSync(fs, step.uid, 3);
    else if (step.do === 'xattr') setXattr(host, 'user.x', step.value);
    else makeNode(host, step.type, 0o620, step.type === 'char' ? 1 : 0, 3);
  }

  test('is seen as the kernel shows it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(action, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 5 }),
        async (steps) => {
          const stack: string[] = [];
          for (const actions of steps) {
            const active = snapshots.prepare(stack);
            const merged = snapshots.mount(stack, active);
            for (const each of actions) {
              try {
                perform(merged, each);
              } catch (error) {
                if ((error as NodeJS.ErrnoException).code === undefined) throw error;
              }
            }
            snapshots.unmount(merged);
            const id = snapshots.newID();
            await snapshots.commit(active, id);
            stack.push(id);
          }
          expectSameAsKernel(stack);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('what layers of other builders hold', () => {
  const entry = fc.record({
    path,
    kind: fc.constantFrom('file', 'directory', 'whiteout', 'opaque', 'other-opaque', 'symlink'),
  });

  test('whiteouts over nothing, opaque directories anywhere: as the kernel shows it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(entry, { minLength: 1, maxLength: 10 }), { minLength: 1, maxLength: 5 }),
        async (layers) => {
          const stack: string[] = [];
          for (const entries of layers) {
            const active = snapshots.prepare([]);
            for (const { path: name, kind } of entries) put(joinBytePath(active.upper, name), kind);
            const id = snapshots.newID();
            await snapshots.commit(active, id);
            stack.push(id);
          }
          expectSameAsKernel(stack);
        },
      ),
      { numRuns: 60 },
    );
  });

  function put(host: BytePath, kind: string): void {
    const fs = bytePathToFs(host);
    const parent = bytePathToFs(host.slice(0, host.lastIndexOf('/')));
    try {
      mkdirSync(parent, { recursive: true });
      if (kind === 'file') writeFileSync(fs, host.slice(-1));
      else if (kind === 'whiteout') makeNode(host, 'char', 0, 0, 0);
      else if (kind === 'symlink') symlinkSync('a', fs);
      else {
        mkdirSync(fs, { recursive: true });
        const value = kind === 'opaque' ? 'y' : 'z';
        if (kind !== 'directory') setXattr(host, 'trusted.overlay.opaque', Buffer.from(value));
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    }
  }
});

test('scratch is an empty directory', () => {
  const scratch = snapshots.view([]);
  expect(scratch.lstat('')).toMatchObject({ type: 'directory', mode: 0o755, uid: 0, gid: 0 });
  expect(scratch.list('')).toEqual([]);
  expect(scratch.xattrs('')).toEqual([]);
  expect(scratch.lstat('etc/passwd')).toBeUndefined();
});

describe('what is not there', () => {
  test.each([
    ['list', 'no'],
    ['readlink', 'no'],
    ['xattrs', 'no'],
    ['open', 'no'],
    ['open', 'file/below'],
    ['list', 'gone'],
  ] as const)('%s of %s', async (method, name) => {
    const stack: string[] = [];
    for (const fill of [
      (upper: string) => {
        writeFileSync(join(upper, 'file'), '');
        mkdirSync(join(upper, 'gone'));
      },
      (upper: string) => makeNode(join(upper, 'gone'), 'char', 0, 0, 0),
    ]) {
      const active = snapshots.prepare([]);
      fill(active.upper);
      const id = snapshots.newID();
      await snapshots.commit(active, id);
      stack.push(id);
    }
    const view = snapshots.view(stack);
    expect(view.lstat(name)).toBeUndefined();
    expect(() => view[method](name)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });
});

test('two names of one file share their inode; a symlink is never followed when opened', async () => {
  const active = snapshots.prepare([]);
  writeFileSync(join(active.upper, 'f'), 'x');
  linkSync(join(active.upper, 'f'), join(active.upper, 'g'));
  symlinkSync('/etc/passwd', join(active.upper, 'l'));
  await snapshots.commit(active, 'links');
  const view = snapshots.view(['links']);
  expect(view.lstat('f')?.inode).toBe(view.lstat('g')?.inode);
  expect(view.lstat('f')?.linkCount).toBe(2);
  expect(() => view.open('l')).toThrow(expect.objectContaining({ code: 'ELOOP' }));
});
