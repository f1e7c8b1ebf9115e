/** What a step changes is the same whether the kernel or fuse-overlayfs mounted its files. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  constants,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type BytePath, bytePathFromText, bytePathToFs, joinBytePath } from '../../src/core/byte-path.ts';
import { diffSnapshot } from '../../src/layer/diff.ts';
import { mountFuseOverlay } from '../../src/snapshot/mount/fuse-overlay.ts';
import { openSnapshotter } from '../../src/snapshot/overlay-snapshotter.ts';
import type { Snapshotter } from '../../src/snapshot/snapshotter.ts';
import { makeNode, setTimes } from '../../src/sys/node.ts';
import { statFile } from '../../src/sys/stat.ts';
import { setXattr } from '../../src/sys/xattr.ts';
import { describeWith } from '../support/capabilities.ts';

const names = ['a', 'b', 'c', '\xff'];
const path = fc
  .array(fc.constantFrom(...names), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('/'));

/** @param count of the action, which no other has */
type Act = (host: BytePath, other: BytePath, count: number) => void;

/** Each does what it can; a failure (nothing there, a directory in the way) is part of the game. */
const acts: Readonly<Record<string, Act>> = {
  write: (host) => writeFileSync(bytePathToFs(host), host.slice(-3), { flag: writing as unknown as string }),
  append: (host) => writeFileSync(bytePathToFs(host), 'more', { flag: appending as unknown as string }),
  make: (host) => void mkdirSync(bytePathToFs(host), { recursive: true }),
  remove: (host) => rmSync(bytePathToFs(host), { recursive: true }),
  replace: (host) => {
    rmSync(bytePathToFs(host), { recursive: true });
    mkdirSync(bytePathToFs(host));
  },
  rename: (host, other) => renameSync(bytePathToFs(host), bytePathToFs(other)),
  link: (host, other) => linkSync(bytePathToFs(host), bytePathToFs(other)),
  // All lead to one place, and none is as another was: such a one is not told apart, as documented.
  symlink: (host, _other, count) => symlinkSync(`${'./'.repeat(count)}a`, bytePathToFs(host)),
  chmod: (host) => chmodSync(bytePathToFs(host), 0o1711),
  chown: (host) => chownSync(bytePathToFs(host), 7, 8),
  touch: (host) => {
    if (statFile(host)?.type !== 'symlink') setTimes(host, { seconds: 1_000, nanoseconds: 3 });
  },
  // Not the setgid bit: a directory made in another gets it from the kernel alone, as documented.
  mark: (host) => {
    if (statFile(host)?.type === 'directory') chmodSync(bytePathToFs(host), 0o4775);
  },
  attribute: (host) => setXattr(host, 'user.x', Buffer.from('v')),
};
/** Not waiting for the reader of a fifo. */
const writing = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NONBLOCK;
const appending = constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK;

const action = fc.record({ act: fc.constantFrom(...Object.keys(acts)), path, to: path });
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

function perform(directory: BytePath, { act, path: name, to }: Action, count: number): void {
  try {
    acts[act]?.(joinBytePath(directory, name), joinBytePath(directory, to), count);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}

function share(path: string): void {
  mkdirSync(path);
  chmodSync(path, 0o2775);
}

function oldLink(path: string): void {
  symlinkSync('target', path);
  setTimes(path, { seconds: 1_000, nanoseconds: 3 });
}

describeWith(['root', 'overlay', 'fuse-overlayfs'], 'an upper of fuse-overlayfs', () => {
  let root: string;
  let byKernel: Snapshotter;
  let byProgram: Snapshotter;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'strata-fuse-'));
    byKernel = openSnapshotter(join(root, 'snapshots'), join(root, 'kernel'));
    byProgram = openSnapshotter(join(root, 'snapshots'), join(root, 'program'), () => {}, mountFuseOverlay);
  });
  afterEach(() => {
    for (const each of [byKernel, byProgram]) each.close();
    rmSync(root, { recursive: true });
  });

  /** Does `work` in a mounted stack; the upper and the changes found in it, with `now` for times of today. */
  function changes(snapshots: Snapshotter, stack: readonly string[], work: (merged: BytePath) => unknown) {
    const active = snapshots.prepare(stack);
    const merged = snapshots.mount(stack, active);
    work(bytePathFromText(merged));
    snapshots.unmount(merged);
    const told = [...diffSnapshot(active.upper, snapshots.view(stack))].map((entry) => {
      if (entry.type === 'delete') return `${entry.path} deleted`;
      const { content, mtime, xattrs, ...rest } = entry;
      const time = mtime.seconds > 2_000 ? 'now' : `${mtime.seconds}.${mtime.nanoseconds}`;
      const fd = content?.kind === 'file' ? content.open() : undefined;
      const text = fd === undefined ? '' : readFileSync(fd, 'latin1');
      return JSON.stringify({ ...rest, time, text, xattrs: xattrs.map(({ name }) => name) });
    });
    return { active, told };
  }

  test.each<[title: string, made: (at: string) => void, done: (at: string) => unknown]>([
    [
      'a directory with a setgid bit',
      (at) => share(join(at, 'd')),
      (at) => writeFileSync(join(at, 'd/new'), ''),
    ],
    [
      'a fifo',
      (at) => makeNode(join(at, 'p'), 'fifo', 0o640, 0, 0),
      // fuse-overlayfs does it and says EIO.
      (at) => spawnSync('chmod', ['600', join(at, 'p')]),
    ],
    ['an old symlink', (at) => oldLink(join(at, 'l')), (at) => lchownSync(join(at, 'l'), 7, 8)],
  ])('keeps what is lost of %s that is copied up', async (_title, made, done) => {
    const base = byKernel.prepare([]);
    made(base.upper);
    await byKernel.commit(base, 'base');
    const kernels = changes(byKernel, ['base'], done);
    const programs = changes(byProgram, ['base'], done);
    expect(programs.told).toEqual(kernels.told);
    expect(kernels.told).not.toEqual([]);
  });

  test.each<[what: string, done: (path: string) => unknown, owner: string]>([
    ['renamed', (path) => renameSync(path, `${path}2`), '0:0'],
    ['linked to', (path) => linkSync(path, `${path}2`), '0:0'],
    ['given times', (path) => spawnSync('touch', ['-h', path]), '0:0'],
    ['given to another user', (path) => spawnSync('chown', ['-h', '7', path]), '7:0'],
    ['given to another group', (path) => spawnSync('chgrp', ['-h', '8', path]), '0:8'],
    ['given to both', (path) => lchownSync(path, 7, 8), '7:8'],
  ])('loses the owner of a symlink of others that is %s, as documented', async (_what, done, owner) => {
    const base = byKernel.prepare([]);
    symlinkSync('target', join(base.upper, 'l'));
    lchownSync(join(base.upper, 'l'), 33, 34);
    await byKernel.commit(base, 'base');
    const { active } = changes(byProgram, ['base'], (at) => done(join(at, 'l')));
    const left = readdirSync(active.upper).map((name) => lstatSync(join(active.upper, name)));
    const links = left.filter((stat) => stat.isSymbolicLink());
    expect(new Set(links.map(({ uid, gid }) => `${uid}:${gid}`))).toEqual(new Set([owner]));
  });

  test.each<[how: string, done: (at: string) => unknown]>([
    [
      'made anew as it was',
      (at) => {
        rmSync(join(at, 'l'));
        symlinkSync('target', join(at, 'l'));
      },
    ],
    ['replaced by another one with its target', (at) => renameSync(join(at, 'other'), join(at, 'l'))],
  ])('does not tell of a symlink that is %s, as documented', async (_how, done) => {
    const base = byKernel.prepare([]);
    oldLink(join(base.upper, 'l'));
    symlinkSync('target', join(base.upper, 'other'));
    await byKernel.commit(base, 'base');
    const told = [byKernel, byProgram].map((snapshots) => changes(snapshots, ['base'], done).told);
    const ofLink = told.map((lines) => lines.filter((line) => line.includes('"path":"l"')).length);
    expect(ofLink).toEqual([1, 0]);
  });

  test('changes a file of lower layers that has two names by the one that was written', async () => {
    const base = byKernel.prepare([]);
    writeFileSync(join(base.upper, 'b'), 'old');
    await byKernel.commit(base, 'base');
    const linked = byKernel.prepare(['base']);
    const merged = byKernel.mount(['base'], linked);
    linkSync(join(merged, 'b'), join(merged, 'a'));
    byKernel.unmount(merged);
    await byKernel.commit(linked, 'linked');
    const told = [byKernel, byProgram].map(
      (snapshots) => changes(snapshots, ['base', 'linked'], (at) => writeFileSync(join(at, 'a'), 'new')).told,
    );
    expect(told.map((lines) => lines.map((line) => JSON.parse(line).path))).toEqual([['a'], ['a']]);
  });

  test('does not pass the setgid bit of a directory of lower layers on, as documented', async () => {
    const base = byKernel.prepare([]);
    share(join(base.upper, 'd'));
    await byKernel.commit(base, 'base');
    const made = [byKernel, byProgram].map((snapshots) => {
      const { active } = changes(snapshots, ['base'], (at) => mkdirSync(join(at, 'd/new')));
      return (lstatSync(join(active.upper, 'd/new')).mode & 0o7777).toString(8);
    });
    expect(made).toEqual(['2755', '755']);
  });

  test('has the same changes as one of the kernel, and is stacked by either', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(action, { minLength: 1, maxLength: 12 }), { minLength: 2, maxLength: 4 }),
        async (steps) => {
          const stack: string[] = [];
          for (const [index, actions] of steps.entries()) {
            const work = (merged: BytePath) => {
              for (const [at, each] of actions.entries()) perform(merged, each, index * 12 + at);
            };
            const kernels = changes(byKernel, stack, work);
            const programs = changes(byProgram, stack, work);
            expect(programs.told).toEqual(kernels.told);
            const [kept, dropped] = index % 2 === 0 ? [programs, kernels] : [kernels, programs];
            const id = byKernel.newID();
            await byKernel.commit(kept.active, id);
            await byKernel.discard(dropped.active);
            stack.push(id);
          }
        },
      ),
      // The same ones each time: of hundreds, one meets what docs/ROOTLESS.md says of fuse-overlayfs.
      { numRuns: 12, seed: 4 },
    );
  });
});
