import { mkdtempSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleProgram, type Program } from '../../support/program.ts';

let program: Program;
let target: string;
beforeAll(async () => {
  program = await bundleProgram('test/sys/programs/own-mounts.ts');
  target = mkdtempSync(join(tmpdir(), 'strata-namespace-'));
});
afterAll(() => {
  program.remove();
  rmdirSync(target);
});

test('the main thread sees the mounts, and all it starts later', async () => {
  const { stdout, stderr } = await program.run([target]);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual({
    mainThread: true,
    child: true,
    laterThread: true,
    earlierThread: false,
  });
});

test('nobody else sees them, also when the process is killed', async () => {
  const { signal } = await program.run([target, 'die']);
  expect(signal).toBe('SIGKILL');
  expect(readdirSync(target)).toEqual([]);
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(target);
});
