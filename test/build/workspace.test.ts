import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listDeadRuns, listRuns, openWorkspace } from '../../src/build/store/workspace.ts';
import { describeWith } from '../support/capabilities.ts';
import { bundleProgram } from '../support/program.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'strata-runs-'));
});
afterEach(() => rmSync(root, { recursive: true }));

test('a workspace is known while it is open, and leaves nothing', () => {
  expect(listRuns(root)).toEqual([]);
  const before = Date.now();
  const first = openWorkspace(root);
  const second = openWorkspace(root);
  writeFileSync(join(first.scratch(), 'f'), '');
  expect(listRuns(root).map(({ id }) => id)).toEqual([first.id, second.id].sort());
  for (const { startedAt } of listRuns(root)) expect(Math.abs(startedAt - before)).toBeLessThan(1000);
  first.close();
  expect(listRuns(root).map(({ id }) => id)).toEqual([second.id]);
  second.close();
  expect([listRuns(root), readdirSync(join(root, 'run'))]).toEqual([[], []]);
});

test('what dead builds left is told and swept, odd names and all', () => {
  mkdirSync(join(root, 'run/dead/upper'), { recursive: true });
  writeFileSync(Buffer.from(join(root, 'run/dead/upper/\xff\xfe'), 'latin1'), '');
  writeFileSync(join(root, 'run/dead.lock'), '');
  mkdirSync(join(root, 'run/unlocked'));
  expect(listDeadRuns(root)).toEqual(['dead', 'unlocked']);
  const workspace = openWorkspace(root);
  expect(listDeadRuns(root)).toEqual([]);
  workspace.close();
  expect(existsSync(join(root, 'run/dead'))).toBe(false);
});

describeWith(['root'], 'cgroups of steps', () => {
  const top = '/sys/fs/cgroup';
  const hierarchy = existsSync(join(top, 'cgroup.procs')) ? top : join(top, 'pids');
  const parent = join(hierarchy, `strata-test-${process.pid}`);
  const newID = () => randomBytes(6).toString('hex');
  const [dead, inUse, stranger] = [newID(), newID(), newID()];
  const groups = [
    join(hierarchy, `strata-${dead}-0-0`),
    join(parent, `strata-${dead}-1-20`),
    join(parent, `strata-${inUse}-0-0`),
    join(hierarchy, `strata-${stranger}-0-0`),
  ];
  beforeEach(() => {
    for (const each of groups) mkdirSync(join(each, 'made-by-the-step'), { recursive: true });
  });
  afterEach(() => {
    for (const each of groups.flatMap((path) => [join(path, 'made-by-the-step'), path])) {
      if (existsSync(each)) rmdirSync(each);
    }
    rmdirSync(parent);
  });

  test('of a dead build are swept once nothing runs in them, and it is known as dead until then', async () => {
    for (const id of [dead, inUse]) mkdirSync(join(root, 'run', id), { recursive: true });
    const running = spawn('sleep', ['60']);
    const ended = once(running, 'exit');
    writeFileSync(join(groups[2] ?? '', 'made-by-the-step/cgroup.procs'), String(running.pid));
    openWorkspace(root).close();
    expect(listDeadRuns(root)).toEqual([inUse]);
    expect(groups.map(existsSync)).toEqual([false, false, true, true]);
    running.kill('SIGKILL');
    await ended;
    openWorkspace(root).close();
    expect(readdirSync(join(root, 'run'))).toEqual([]);
    expect(groups.map(existsSync)).toEqual([false, false, false, true]);
  });
});

test('many processes open and close at once without taking each other for dead', async () => {
  const program = await bundleProgram('test/build/programs/open-workspaces.ts');
  try {
    const results = await Promise.all(Array.from({ length: 6 }, () => program.run([root, '60'])));
    expect(results.map(({ code, stderr }) => [code, stderr])).toEqual(results.map(() => [0, '']));
  } finally {
    program.remove();
  }
  expect(readdirSync(join(root, 'run'))).toEqual([]);
});
