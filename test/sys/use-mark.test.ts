import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { alone, amongOthers, markUsed, putInUse } from '../../src/sys/use-mark.ts';

let directory: string;
const path = (name: string) => join(directory, name);
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'strata-mark-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('a mark is now, and says that the file is there', () => {
  writeFileSync(path('f'), 'content');
  utimesSync(path('f'), 1, 1);
  const before = Date.now();
  expect(markUsed(path('f'))).toBe(true);
  expect(statSync(path('f')).mtimeMs).toBeGreaterThanOrEqual(before);
  expect(readFileSync(path('f'), 'utf8')).toBe('content');
});

test('a mark never seems to come before a file that was made in the same instant', () => {
  for (let round = 0; round < 200; round++) {
    writeFileSync(path('began'), String(round));
    writeFileSync(path('used'), '');
    markUsed(path('used'));
    expect(statSync(path('used')).mtimeMs).toBeGreaterThanOrEqual(statSync(path('began')).mtimeMs);
  }
});

test('what is missing cannot be marked, nor what lies in a missing directory', () => {
  expect([markUsed(path('f')), markUsed(path('no/f'))]).toEqual([false, false]);
  expect(existsSync(path('f'))).toBe(false);
});

test('putting in place replaces', () => {
  writeFileSync(path('aside'), 'new');
  writeFileSync(path('f'), 'old');
  putInUse(path('aside'), path('f'));
  expect([existsSync(path('aside')), readFileSync(path('f'), 'utf8')]).toEqual([false, 'new']);
});

test('who is alone leaves out what is missing, and gives all back when the work fails', () => {
  expect(alone([directory, path('no')], () => 'done')).toBe('done');
  expect(() => alone([directory], () => JSON.parse('{'))).toThrow(SyntaxError);
  expect(amongOthers(directory, () => 'done')).toBe('done');
});

test('a mark waits for another process that is alone in the directory', async () => {
  mkdirSync(path('d'));
  writeFileSync(path('d/f'), '');
  const other = spawn('flock', [
    path('d'),
    'sh',
    '-c',
    'echo held; sleep 0.4; echo over > "$0"',
    path('over'),
  ]);
  await once(other.stdout, 'data');
  expect(markUsed(path('d/f'))).toBe(true);
  expect(existsSync(path('over'))).toBe(true);
  await once(other, 'close');
});
