import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { replaceFile, writeFileAtomic } from '../../src/sys/atomic-file.ts';
import { mountFilesystem, unmount } from '../../src/sys/mount/mount.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'strata-atomic-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe.each([
  ['flushed', writeFileAtomic],
  ['not flushed', replaceFile],
])('%s', (_, write) => {
  test('a new file and a replaced one, nothing beside them', async () => {
    const path = join(directory, 'f');
    await write(path, 'one');
    await write(path, Buffer.from('two'));
    expect(readFileSync(path, 'utf8')).toBe('two');
    expect(readdirSync(directory)).toEqual(['f']);
  });

  test('writers at once leave one whole content', async () => {
    const path = join(directory, 'f');
    const contents = Array.from({ length: 20 }, (_, i) => String(i).repeat(10_000));
    await Promise.all(contents.map((content) => write(path, content)));
    expect(contents).toContain(readFileSync(path, 'utf8'));
    expect(readdirSync(directory)).toEqual(['f']);
  });

  test('a full disk is the disk-full error, and the old file stays', async () => {
    const small = join(directory, 'small');
    mkdirSync(small);
    mountFilesystem({ source: 'tmpfs', target: small, type: 'tmpfs', data: 'size=64k' });
    try {
      writeFileSync(join(small, 'f'), 'old');
      const writing = write(join(small, 'f'), Buffer.alloc(200_000));
      await expect(writing).rejects.toMatchObject({ name: 'HostError', code: 'disk-full' });
      expect(readdirSync(small)).toEqual(['f']);
      expect(readFileSync(join(small, 'f'), 'utf8')).toBe('old');
    } finally {
      unmount(small);
    }
  });

  test('no directory to write in', async () => {
    const path = join(directory, 'no', 'f');
    await expect(write(path, '')).rejects.toThrow(`write ${path}`);
  });
});
