import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeNode, setTimes } from '../../src/sys/node.ts';
import { listNames, statFile } from '../../src/sys/stat.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'strata-node-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('makeNode', () => {
  test.each([
    ['null device', 'char', 0o666, 1, 3],
    ['overlay whiteout', 'char', 0, 0, 0],
    ['block device with large numbers', 'block', 0o4640, 4095, 1_048_575],
    ['minor over a byte', 'char', 0o600, 254, 256],
    ['fifo', 'fifo', 0o622, 0, 0],
  ] as const)('%s', (_title, type, mode, devMajor, devMinor) => {
    makeNode(`${directory}/\xe9`, type, mode, devMajor, devMinor);
    expect(listNames(directory)).toEqual(['\xe9']);
    expect(statFile(`${directory}/\xe9`)).toMatchObject({ type, mode, devMajor, devMinor, linkCount: 1 });
  });

  test('over a name that exists', () => {
    symlinkSync('/nowhere', join(directory, 'l'));
    expect(() => makeNode(join(directory, 'l'), 'fifo', 0o600, 0, 0)).toThrow(
      expect.objectContaining({ code: 'EEXIST' }),
    );
  });
});

describe('setTimes', () => {
  test.each([
    ['nanoseconds', { seconds: 1_700_000_000, nanoseconds: 123_456_789 }],
    ['the epoch', { seconds: 0, nanoseconds: 0 }],
    ['before the epoch', { seconds: -2, nanoseconds: 999_999_999 }],
    ['after 2038', { seconds: 5_000_000_000, nanoseconds: 1 }],
  ])('%s, on a dangling symlink', (_title, mtime) => {
    const link = join(directory, 'l');
    symlinkSync('/nowhere', link);
    setTimes(link, mtime);
    expect(statFile(link)?.mtime).toEqual(mtime);
  });

  test('of nothing', () => {
    const missing = join(directory, 'no');
    expect(() => setTimes(missing, { seconds: 0, nanoseconds: 0 })).toThrow(
      expect.objectContaining({ code: 'ENOENT' }),
    );
  });
});
