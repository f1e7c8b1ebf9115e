import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { access } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { mountKernelOverlay } from '../../src/snapshot/mount/overlay-mount.ts';
import { tryOverlay } from '../../src/snapshot/mount/try-overlay.ts';
import { openSnapshotter } from '../../src/snapshot/overlay-snapshotter.ts';
import type { Snapshotter, Stack } from '../../src/snapshot/snapshotter.ts';
import { mountFilesystem, unmount } from '../../src/sys/mount/mount.ts';
import { enterMountNamespace } from '../../src/sys/mount/mount-namespace.ts';
import { makeNode, setTimes } from '../../src/sys/node.ts';
import { statFile } from '../../src/sys/stat.ts';
import { readXattr, setXattr } from '../../src/sys/xattr.ts';

let root: string;
let snapshots: Snapshotter;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'strata-snapshot-'));
  const store = join(root, 'a,b:c');
  snapshots = openSnapshotter(join(store, 'snapshots'), join(store, 'run'));
});
afterEach(() => {
  snapshots.close();
  rmSync(root, { recursive: true });
});

/** Publishes a snapshot of what `fill` puts into its directory. */
async function snapshot(fill: (directory: string) => void, over: Stack = []): Promise<string> {
  const active = snapshots.prepare(over);
  fill(active.upper);
  const id = snapshots.newID();
  await snapshots.commit(active, id);
  return id;
}

const file = (name: string, content: string) =>
  snapshot((directory) => writeFileSync(join(directory, name), content));

test('no two are made in directories of the same name: ext4 would make them in the same place', () => {
  const names = Array.from({ length: 3 }, () => {
    const own = openSnapshotter(join(root, 'own/snapshots'), join(root, 'own/run'));
    const name = basename(dirname(own.prepare([]).upper));
    own.close();
    return name;
  });
  expect(new Set(names).size).toBe(3);
});

test('where the filesystem keeps no attributes nothing is left to others, and what would have to be noted is refused', () => {
  enterMountNamespace();
  const bare = join(root, 'bare');
  mkdirSync(bare);
  mountFilesystem({ source: 'bare', target: bare, type: 'ramfs', flags: [], data: '' });
  const poor = openSnapshotter(join(bare, 'snapshots'), join(bare, 'run'));
  try {
    expect([snapshots.canHaveRest(), poor.canHaveRest()]).toEqual([true, false]);
    expect(readdirSync(poor.prepare([]).upper)).toEqual([]);
    for (const about of [{ rest: 'other' }, { isAlone: true }]) {
      expect(() => poor.prepare([], about)).toThrow(expect.objectContaining({ code: 'no-attributes' }));
    }
    expect(tryOverlay(mountKernelOverlay, bare)).toMatch(/has none of the attributes/);
  } finally {
    poor.close();
    unmount(bare);
  }
});

describe('life of a snapshot', () => {
  test('prepared, committed, listed, removed', async () => {
    const active = snapshots.prepare([]);
    writeFileSync(join(active.upper, 'f'), 'x');
    expect(snapshots.list()).toEqual([]);
    await snapshots.commit(active, 'id1');
    expect(snapshots.list()).toEqual(['id1']);
    expect(snapshots.has('id1')).toBe(true);
    expect(readFileSync(join(snapshots.path('id1'), 'f'), 'utf8')).toBe('x');
    await snapshots.remove('id1');
    await snapshots.remove('id1');
    expect(snapshots.has('id1')).toBe(false);
    await setImmediate();
    expect(readdirSync(join(root, 'a,b:c', 'run'))).toEqual([]);
  });

  test('looking for a place for a large one leaves nothing in it, and nothing elsewhere', async () => {
    const active = snapshots.prepare([], { isLarge: true });
    expect(readdirSync(join(root, 'a,b:c', 'run'))).toHaveLength(1);
    expect(readdirSync(active.upper)).toEqual([]);
    await snapshots.commit(active, 'large');
    await setImmediate();
    expect(readdirSync(join(root, 'a,b:c', 'run'))).toEqual([]);
    const dropped = snapshots.prepare([], { isLarge: true });
    await snapshots.discard(dropped);
    expect(readdirSync(join(root, 'a,b:c', 'run'))).toEqual([]);
  });

  test('the first of two results under one id stands', async () => {
    for (const content of ['first', 'second']) {
      const active = snapshots.prepare([]);
      writeFileSync(join(active.upper, 'f'), content);
      await snapshots.commit(active, 'same');
    }
    expect(readFileSync(join(snapshots.path('same'), 'f'), 'utf8')).toBe('first');
    await setImmediate();
    expect(readdirSync(join(root, 'a,b:c', 'run'))).toEqual([]);
  });

  test('discarded: nothing is left, whatever lies in it', async () => {
    const active = snapshots.prepare([]);
    const odd = Buffer.from(`${active.upper}/\xff`, 'latin1');
    mkdirSync(odd, { mode: 0 });
    await snapshots.discard(active);
    expect(readdirSync(join(root, 'a,b:c', 'run'))).toEqual([]);
  });

  test('ids are short, different and accepted', async () => {
    const ids = Array.from({ length: 100 }, () => snapshots.newID());
    expect(new Set(ids).size).toBe(100);
    for (const id of ids) expect(id).toMatch(/^[a-z0-9]{13}$/);
    expect(() => snapshots.path('../x')).toThrow('assertion failed');
  });

  test('only root gets to the files', async () => {
    expect(statSync(join(root, 'a,b:c', 'snapshots')).mode & 0o777).toBe(0o700);
  });
});

describe('a snapshot that leaves files to another', () => {
  let rest: string;
  let id: string;
  beforeEach(async () => {
    rest = await snapshot((directory) => {
      mkdirSync(join(directory, 'd'));
      for (const name of ['d/same', 'd/other']) writeFileSync(join(directory, name), 'before');
    });
    const active = snapshots.prepare([], { rest });
    mkdirSync(join(active.upper, 'd'), { mode: 0o711 });
    for (const name of ['d/other', 'new']) writeFileSync(join(active.upper, name), 'after');
    id = snapshots.newID();
    await snapshots.commit(active, id);
  });

  test('has both, seen and mounted', async () => {
    expect(snapshots.directories(id)).toEqual([id, rest].map(snapshots.path));
    const view = snapshots.view([id]);
    expect([view.list(''), view.list('d'), view.lstat('d')?.mode]).toEqual([
      ['d', 'new'],
      ['other', 'same'],
      0o711,
    ]);
    const mounted = snapshots.mount([id]);
    const read = (name: string) => readFileSync(join(mounted, name), 'utf8');
    expect(['d/same', 'd/other', 'new'].map(read)).toEqual(['before', 'after', 'after']);
    expect(statSync(join(mounted, 'd')).mode & 0o777).toBe(0o711);
    snapshots.unmount(mounted);
  });

  test('says everything where the other is below it once more', async () => {
    const between = await file('new', 'between');
    const mounted = snapshots.mount([rest, between, id]);
    expect(readFileSync(join(mounted, 'new'), 'utf8')).toBe('after');
    snapshots.unmount(mounted);
  });

  test('is not there when the other is not, and is made anew', async () => {
    await snapshots.remove(rest);
    expect(snapshots.has(id)).toBe(false);
    expect(() => snapshots.view([id])).toThrow(`the snapshot ${rest} is not in the store any more`);
    const active = snapshots.prepare([]);
    writeFileSync(join(active.upper, 'all'), 'x');
    await snapshots.commit(active, id);
    expect(snapshots.has(id)).toBe(true);
    expect(snapshots.view([id]).list('')).toEqual(['all']);
  });

  test('cannot be made by a step, which has no word in its attributes', async () => {
    const active = snapshots.prepare([]);
    const mounted = snapshots.mount([], active);
    for (const kind of ['trusted', 'user']) {
      setXattr(mounted, `${kind}.overlay.strata.rest`, Buffer.from(rest));
    }
    snapshots.unmount(mounted);
    const made = snapshots.newID();
    await snapshots.commit(active, made);
    expect(snapshots.directories(made)).toEqual([snapshots.path(made)]);
    expect(snapshots.view([made]).xattrs('')).toEqual([]);
  });
});

describe('the root of a new upper', () => {
  test('over nothing is 0755, whatever the umask', () => {
    const before = process.umask(0o077);
    const { upper } = snapshots.prepare([]);
    process.umask(before);
    expect(statFile(upper)).toMatchObject({ mode: 0o755, uid: 0, gid: 0 });
  });

  test('over a stack it is as the root there', async () => {
    const mtime = { seconds: 1_000_000_000, nanoseconds: 5 };
    const base = await snapshot((directory) => {
      chownSync(directory, 7, 8);
      chmodSync(directory, 0o1711);
      setXattr(directory, 'user.k', Buffer.from('v'));
      setTimes(directory, mtime);
    });
    const { upper } = snapshots.prepare([base]);
    expect(statFile(upper)).toMatchObject({ mode: 0o1711, uid: 7, gid: 8, mtime });
    expect(Buffer.from(readXattr(upper, 'user.k') ?? []).toString()).toBe('v');
  });
});

describe('mount', () => {
  test('writes land in the upper, a deletion as whiteout, and the lower stays', async () => {
    const base = await snapshot((directory) => {
      writeFileSync(join(directory, 'keep'), 'k');
      writeFileSync(join(directory, 'gone'), 'g');
    });
    const active = snapshots.prepare([base]);
    const merged = snapshots.mount([base], active);
    expect(readdirSync(merged)).toEqual(['gone', 'keep']);
    rmSync(join(merged, 'gone'));
    writeFileSync(join(merged, 'new'), 'n');
    snapshots.unmount(merged);
    expect(existsSync(merged)).toBe(false);
    expect(readdirSync(active.upper)).toEqual(['gone', 'new']);
    expect(statFile(join(active.upper, 'gone'))).toMatchObject({ type: 'char', devMajor: 0, devMinor: 0 });
    expect(readdirSync(snapshots.path(base))).toEqual(['gone', 'keep']);
  });

  test.each([
    ['empty stack', 0],
    ['one layer', 1],
    ['two layers', 2],
    ['200 layers', 200],
  ])('%s, read-only and read-write', async (_title, count) => {
    const stack: string[] = [];
    for (let index = 0; index < count; index++) stack.push(await file(`f${index}`, String(index)));
    const names = stack.map((_, index) => `f${index}`).sort();
    const readOnly = snapshots.mount(stack);
    expect(readdirSync(readOnly).sort()).toEqual(names);
    expect(() => writeFileSync(join(readOnly, 'w'), '')).toThrow('EROFS');
    const active = snapshots.prepare(stack);
    const readWrite = snapshots.mount(stack, active);
    writeFileSync(join(readWrite, 'w'), '');
    expect(readdirSync(readWrite).sort()).toEqual([...names, 'w'].sort());
    expect(() => makeNode(join(readWrite, 'c'), 'char', 0o600, 0, 0)).toThrow('EPERM');
    snapshots.unmount(readOnly);
    snapshots.unmount(readWrite);
    expect(readdirSync(active.upper)).toEqual(['w']);
  });

  test('more layers than fit are told, not cut', async () => {
    const stack: string[] = [];
    for (let index = 0; index < 300; index++) stack.push(await snapshot(() => {}));
    expect(() => snapshots.mount(stack)).toThrow(
      expect.objectContaining({ code: 'too-many-layers', message: expect.stringContaining('300 layers') }),
    );
  });

  test('a stack that repeats a layer', async () => {
    const [a, b] = [await file('f', 'a'), await file('f', 'b')];
    const merged = snapshots.mount([a, b, a]);
    expect(readFileSync(join(merged, 'f'), 'utf8')).toBe('a');
  });

  test('an opaque root hides everything below', async () => {
    const below = await file('below', '');
    const above = await snapshot((directory) =>
      setXattr(directory, 'trusted.overlay.opaque', Buffer.from('y')),
    );
    expect(readdirSync(snapshots.mount([below, above]))).toEqual([]);
    expect(snapshots.view([below, above]).list('')).toEqual([]);
  });

  test('a missing snapshot is named', async () => {
    const base = await file('f', '');
    for (const use of [() => snapshots.mount([base, 'nope']), () => snapshots.view([base, 'nope'])]) {
      expect(use).toThrow(
        expect.objectContaining({ code: 'snapshot-missing', message: expect.stringContaining('nope') }),
      );
    }
  });

  test('children see it; asynchronous calls find no such path; nobody does after close', async () => {
    const merged = snapshots.mount([await file('f', 'x')]);
    expect(execFileSync('cat', [join(merged, 'f')], { encoding: 'utf8' })).toBe('x');
    await expect(access(merged)).rejects.toMatchObject({ code: 'ENOENT' });
    snapshots.close();
    expect(existsSync(merged)).toBe(false);
    expect(readFileSync('/proc/thread-self/mountinfo', 'utf8')).not.toContain(root);
  });
});
