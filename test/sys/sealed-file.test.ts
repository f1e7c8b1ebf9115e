import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readSealedFile, writeSealedFile } from '../../src/sys/sealed-file.ts';
import { runOk } from '../support/process.ts';

let path: string;
beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), 'strata-sealed-')), 'f');
});
afterEach(() => rmSync(join(path, '..'), { recursive: true }));

test.each([[''], ['one line'], ['two\nlines'], ['ends with a newline\n'], ['\n'], ['umläute ✓']])(
  '%j is read as it was written',
  async (text) => {
    await writeSealedFile(path, text);
    expect(readSealedFile(path)).toBe(text);
    expect(readdirSync(join(path, '..'))).toEqual(['f']);
  },
);

test('there is none', () => expect(readSealedFile(path)).toBeUndefined());

test('no flipped bit and no cut is believed', async () => {
  await writeSealedFile(path, JSON.stringify({ snapshot: 'abc', n: 1 }));
  const whole = readFileSync(path);
  const believed: string[] = [];
  for (let at = 0; at < whole.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
      writeFileSync(path, flipped);
      if (readSealedFile(path) !== undefined) believed.push(`bit ${bit} of byte ${at}`);
    }
    writeFileSync(path, whole.subarray(0, at));
    if (readSealedFile(path) !== undefined) believed.push(`${at} bytes`);
  }
  expect(believed).toEqual([]);
});

test('a sealed document is JSON for python, line by line', async () => {
  await writeSealedFile(path, JSON.stringify({ a: [1, 2] }));
  const program = 'import json, sys; print([json.loads(line) for line in open(sys.argv[1])][0]["a"])';
  expect(await runOk('python3', ['-c', program, path])).toBe('[1, 2]\n');
});
