import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FileTree } from '../../src/core/file-tree.ts';
import { exportLocal } from '../../src/export/local/export-local.ts';
import { exportTar } from '../../src/export/root-tar.ts';
import { mergedTree } from '../../src/snapshot/merged-tree.ts';
import { makeNode } from '../../src/sys/node.ts';
import { readXattr, setXattr } from '../../src/sys/xattr.ts';
import { describeWith } from '../support/capabilities.ts';
import { runOk } from '../support/process.ts';
import { openWorkspace, type Workspace } from './sample.ts';

const { signal } = new AbortController();
let space: Workspace;
let tree: FileTree;

/** Capabilities as the kernel stores them: version 2, cap_net_raw effective and permitted. */
const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex');

describeWith(['root'], 'a root filesystem', () => {
  beforeEach(() => {
    space = openWorkspace();
    const root = space.path('tree');
    mkdirSync(`${root}/usr/bin`, { recursive: true });
    mkdirSync(`${root}/tmp`);
    chmodSync(`${root}/tmp`, 0o1777);
    writeFileSync(`${root}/usr/bin/tool`, 'x'.repeat(2_500_000));
    chownSync(`${root}/usr/bin/tool`, 1000, 70_000);
    chmodSync(`${root}/usr/bin/tool`, 0o4755);
    linkSync(`${root}/usr/bin/tool`, `${root}/usr/bin/twin`);
    setXattr(`${root}/usr/bin/tool`, 'security.capability', capability);
    writeFileSync(Buffer.from(`${root}/usr/caf\xe9`, 'latin1'), 'latin');
    symlinkSync('usr/bin', `${root}/bin`);
    lutimesSync(`${root}/bin`, 5, 5);
    makeNode(`${root}/null`, 'char', 0o666, 1, 3);
    makeNode(`${root}/pipe`, 'fifo', 0o600, 0, 0);
    utimesSync(`${root}/usr/bin`, 1_000_000, 1_000_000);
    tree = mergedTree([root]);
  });
  afterEach(() => space.remove());

  /** Type, mode, owner, size, date, links and name of every file, as GNU find sees them. */
  async function listing(dir: string): Promise<string> {
    const format = '%y %m %U:%G %s %T@ %n %l %P\\n';
    return runOk('sh', [
      '-c',
      `cd "${dir}" && find . -mindepth 1 -type d -printf '${format.replace('%s ', '')}' -o -mindepth 1 -printf '${format}' | sort`,
    ]);
  }

  test('comes out of the tar as it was', async () => {
    await exportTar(tree, { kind: 'file', path: space.path('root.tar') }, signal);
    mkdirSync(space.path('out'));
    await runOk('tar', [
      '-C',
      space.path('out'),
      '--xattrs',
      '--xattrs-include=*',
      '--same-owner',
      '-pxf',
      space.path('root.tar'),
    ]);
    expect(await listing(space.path('out'))).toBe(await listing(space.path('tree')));
    expect(readXattr(space.path('out/usr/bin/tool'), 'security.capability')).toEqual(
      new Uint8Array(capability),
    );
  });

  test('every name of a file has its attributes in the tar: giving one an owner takes capabilities away', async () => {
    await exportTar(tree, { kind: 'file', path: space.path('root.tar') }, signal);
    const found =
      "[f'{m.name} {m.type}' for m in tarfile.open(sys.argv[1]) if 'SCHILY.xattr.security.capability' in m.pax_headers]";
    const listed = await runOk('python3', [
      '-c',
      `import sys, tarfile; print(*${found})`,
      space.path('root.tar'),
    ]);
    expect(listed).toBe("usr/bin/tool b'0' usr/bin/twin b'1'\n");
  });

  test('is the same in a directory, but that all files belong to who builds', async () => {
    await exportLocal(tree, space.path('out'), true, signal);
    const want = await listing(space.path('tree'));
    expect(want).toContain('f 4755 1000:70000');
    expect(await listing(space.path('out'))).toBe(want.replaceAll('1000:70000', '0:0'));
    expect(lstatSync(space.path('out')).mode & 0o7777).toBe(0o700);
    expect(readXattr(space.path('out/usr/bin/tool'), 'security.capability')).toEqual(
      new Uint8Array(capability),
    );
    expect(
      readFileSync(space.path('out/usr/bin/tool')).equals(readFileSync(space.path('tree/usr/bin/tool'))),
    ).toBe(true);
  });

  test('a directory that exists keeps its other files; a second run changes nothing', async () => {
    mkdirSync(space.path('out/usr'), { recursive: true });
    writeFileSync(space.path('out/usr/mine'), 'kept');
    await exportLocal(tree, space.path('out'), true, signal);
    await exportLocal(tree, space.path('out'), true, signal);
    expect(readdirSync(space.path('out/usr')).sort()).toEqual(expect.arrayContaining(['bin', 'mine']));
    expect(readFileSync(space.path('out/usr/mine'), 'utf8')).toBe('kept');
  });

  test('links in the directory are replaced, never followed', async () => {
    mkdirSync(space.path('outside'));
    writeFileSync(space.path('outside/file'), 'untouched');
    mkdirSync(space.path('out/usr'), { recursive: true });
    symlinkSync(space.path('outside'), space.path('out/usr/bin'));
    symlinkSync(space.path('outside/file'), space.path('out/null'));
    symlinkSync(space.path('outside'), space.path('out/tmp'));
    await exportLocal(tree, space.path('out'), true, signal);
    expect(readdirSync(space.path('outside'))).toEqual(['file']);
    expect(readFileSync(space.path('outside/file'), 'utf8')).toBe('untouched');
    expect(lstatSync(space.path('out/usr/bin')).isDirectory()).toBe(true);
    expect(lstatSync(space.path('outside')).mode & 0o7777).toBe(0o755);
    expect(readlinkSync(space.path('out/bin'))).toBe('usr/bin');
  });

  test('a directory in the way of a file is an error and stays', async () => {
    mkdirSync(space.path('out/pipe/full'), { recursive: true });
    const failed = exportLocal(tree, space.path('out'), true, signal);
    await expect(failed).rejects.toMatchObject({ code: 'output-conflict' });
    expect(readdirSync(space.path('out/pipe'))).toEqual(['full']);
  });

  test('an abort leaves no half-written file', async () => {
    const stop = new AbortController();
    const stopping: FileTree = {
      ...tree,
      open(path) {
        stop.abort();
        return tree.open(path);
      },
    };
    const failed = exportLocal(stopping, space.path('out'), true, stop.signal);
    await expect(failed).rejects.toMatchObject({ code: 'canceled' });
    const files = await runOk('find', [space.path('out'), '-name', '.strata-*']);
    expect(files).toBe('');
  });
});
