import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lockFile, tryLockFile } from '../../src/sys/file-lock.ts';

let path: string;
beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), 'strata-lock-')), 'lock');
});
afterEach(() => rmSync(join(path, '..'), { recursive: true }));

describe('who may hold it together', () => {
  test.each([
    ['shared', 'shared', true],
    ['shared', 'exclusive', false],
    ['exclusive', 'shared', false],
    ['exclusive', 'exclusive', false],
  ] as const)('%s and %s: %s', (first, second, want) => {
    const held = tryLockFile(path, first);
    const other = tryLockFile(path, second);
    expect(other !== undefined).toBe(want);
    held?.release();
    other?.release();
    const free = tryLockFile(path, 'exclusive');
    expect(free).toBeDefined();
    free?.release();
  });
});

test('waiting does not hold up the event loop, and ends when the lock is let go', async () => {
  const held = await lockFile(path, 'exclusive');
  let ticks = 0;
  const ticking = setInterval(() => ticks++, 5);
  const waiting = lockFile(path, 'exclusive');
  await delay(100);
  expect(ticks).toBeGreaterThan(5);
  clearInterval(ticking);
  held.release();
  (await waiting).release();
});

test('an abort ends the waiting', async () => {
  const held = await lockFile(path, 'exclusive');
  await expect(lockFile(path, 'shared', AbortSignal.timeout(30))).rejects.toMatchObject({ code: 'canceled' });
  held.release();
});

test('another process excludes us until it dies', async () => {
  const child = spawn('flock', [path, '-c', 'echo locked; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  expect(tryLockFile(path, 'shared')).toBeUndefined();
  process.kill(-(child.pid ?? 0), 'SIGKILL');
  const lock = await lockFile(path, 'exclusive', AbortSignal.timeout(5000));
  lock.release();
});

test('a lock on a file its holder removed is not taken for the lock', async () => {
  const held = tryLockFile(path, 'exclusive');
  const waiting = lockFile(path, 'exclusive');
  rmSync(path);
  const second = await waiting;
  expect(existsSync(path)).toBe(true);
  expect(tryLockFile(path, 'shared')).toBeUndefined();
  held?.release();
  second.release();
});
