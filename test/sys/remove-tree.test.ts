import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { removeSmallTree, removeTrees } from '../../src/sys/remove-tree.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'strata-remove-'));
  mkdirSync(join(directory, 'tree/a/b'), { recursive: true });
  writeFileSync(join(directory, 'tree/a/file'), 'x');
  writeFileSync(join(directory, 'kept'), 'kept');
  symlinkSync('../kept', join(directory, 'tree/link'));
  symlinkSync('..', join(directory, 'tree/a/up'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test.each([
  ['removeSmallTree', async (path: string) => removeSmallTree(path)],
  ['removeTrees', (path: string) => removeTrees([path])],
])(
  '%s removes all below a directory, follows no link, and minds nothing that is missing',
  async (_, remove) => {
    await remove(join(directory, 'tree'));
    await remove(join(directory, 'tree'));
    expect(existsSync(join(directory, 'tree'))).toBe(false);
    expect(readFileSync(join(directory, 'kept'), 'utf8')).toBe('kept');
  },
);

test('what is no directory is not removed', () => {
  expect(() => removeSmallTree(join(directory, 'kept'))).toThrow(
    expect.objectContaining({ code: 'ENOTDIR' }),
  );
});
