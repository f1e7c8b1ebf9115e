import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listDeadRuns, listRuns, openWorkspace } from '../../src/build/store/workspace.ts';
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
