import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inDirectory } from '../../src/sys/working-directory.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'strata-directory-'));
  writeFileSync(join(directory, 'here'), '');
});
afterEach(() => rmSync(directory, { recursive: true }));

test('work happens in it, and the thread is back afterwards', () => {
  const before = process.cwd();
  expect(inDirectory(directory, () => existsSync('here'))).toBe(true);
  expect(() =>
    inDirectory(directory, () => {
      throw new Error('failed');
    }),
  ).toThrow('failed');
  expect(process.cwd()).toBe(before);
  expect(() => inDirectory(join(directory, 'no'), () => 1)).toThrow(
    expect.objectContaining({ code: 'ENOENT' }),
  );
});

test('asynchronous work of other threads does not move along', async () => {
  await access('package.json');
  const found = inDirectory(directory, () => {
    const looking = access('package.json').then(
      () => true,
      () => false,
    );
    // Long enough for the thread to look while this one is elsewhere.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    return looking;
  });
  expect(await found).toBe(true);
});
