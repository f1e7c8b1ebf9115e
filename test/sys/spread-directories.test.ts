import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { spreadDirectories } from '../../src/sys/spread-directories.ts';

/** EXT2_SUPER_MAGIC, which ext3 and ext4 have as well. */
const ext = 0xef53;

const directories = [
  ['where temporary files lie', tmpdir()],
  ['in memory', '/dev/shm'],
] as const;

test.each(directories)('a directory %s is marked where the filesystem knows how', (_, above) => {
  const directory = mkdtempSync(join(above, 'strata-spread-'));
  try {
    spreadDirectories(directory);
    mkdirSync(join(directory, 'child'));
    if (statfsSync(directory).type !== ext) return;
    const [flags] = execFileSync('lsattr', ['-d', directory], { encoding: 'utf8' }).split(' ');
    expect(flags).toContain('T');
  } finally {
    rmSync(directory, { recursive: true });
  }
});
