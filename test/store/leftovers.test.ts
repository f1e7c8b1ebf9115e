/** Each kind of leftover, made by hand: what strata itself leaves is looked for in the tests that kill it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findLeftovers } from '../../src/store/leftovers/find-leftovers.ts';
import { describeWith } from '../support/capabilities.ts';

describeWith(['root'], 'leftovers of a store', () => {
  let root: string;
  let children: ChildProcess[] = [];
  const found = async (living: readonly string[] = []) => {
    const all = await findLeftovers(root, (id) => living.includes(id));
    // Cgroups have no store: tests beside this one make some too.
    return all.filter(({ kind }) => kind !== 'cgroup').map(({ kind, text }) => `${kind}: ${text}`);
  };
  /** Starts a shell script and waits for its first line. */
  const start = async (script: string): Promise<ChildProcess> => {
    const child = spawn('sh', ['-c', script], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    children.push(child);
    await once(child.stdout, 'data');
    return child;
  };

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'leftovers-'));
    for (const directory of ['run/0a1b/mounts', 'locks', 'images/blobs/sha256']) {
      mkdirSync(join(root, directory), { recursive: true });
    }
    for (const file of ['version', 'run/0a1b.lock', 'images/index.json', 'locks/step']) {
      writeFileSync(join(root, file), '');
    }
  });
  afterEach(() => {
    for (const { pid } of children) {
      try {
        if (pid !== undefined) process.kill(-pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
    children = [];
    rmSync(root, { recursive: true });
  });

  test('there are none in a store that is just a store', async () => {
    expect(await found()).toEqual([]);
  });

  test('a process that sees mounts of a run is one when the run is gone', async () => {
    const { pid } = await start(
      'exec unshare --mount sh -c "mount -t tmpfs none run/0a1b/mounts && echo ready && exec sleep 60"',
    );
    expect(await found(['0a1b'])).toEqual([]);
    expect(await found()).toEqual([
      expect.stringMatching(
        `^process: process ${pid} \\(.*\\) outlived its build: it sees ${root}/run/0a1b/mounts$`,
      ),
    ]);
  });

  test('a lock is one when who took it is gone and another has it', async () => {
    await start("flock locks/held -c 'echo ready; sleep 60'");
    expect(await found()).toEqual([]);
    // flock(1) takes it and ends; the shell still has it.
    await start('exec 9> locks/step; flock 9; echo ready; sleep 60');
    expect(await found()).toEqual([
      expect.stringMatching(/^lock: .*\/locks\/step is locked for process \d+, which is gone$/),
    ]);
  });

  test('a file that no strata makes is one', async () => {
    writeFileSync(join(root, 'steps.bak'), '');
    for (const ours of ['locks/step.0a1b2c3d4e5f.tmp', 'owners', 'owners.0a1b2c3d4e5f.tmp']) {
      writeFileSync(join(root, ours), '');
    }
    expect(await found()).toEqual([`file: ${root}/steps.bak is not of this store`]);
  });

  test('a cgroup of a step is one when nothing is in it and no run of the store made it', async () => {
    const top = '/sys/fs/cgroup';
    const hierarchy = existsSync(join(top, 'cgroup.procs')) ? top : join(top, 'pids');
    const [known, unknown] = [randomBytes(6).toString('hex'), randomBytes(6).toString('hex')];
    writeFileSync(join(root, `run/${known}.lock`), '');
    const names = [`${unknown}-0`, `${unknown}-1-0`, `${known}-0-0`];
    const paths = names.map((name) => join(hierarchy, `strata-${name}`));
    for (const path of paths) mkdirSync(path);
    try {
      const all = await findLeftovers(root, () => false);
      const said = (path: string) =>
        all.some(({ text }) => text === `a control group of a step that is gone: ${path}`);
      expect(paths.map(said)).toEqual([true, true, false]);
    } finally {
      for (const path of paths) rmdirSync(path);
    }
  });
});
