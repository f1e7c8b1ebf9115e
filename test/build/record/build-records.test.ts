import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BuildRecord } from '../../../src/build/record/build-record.ts';
import { openBuildRecords } from '../../../src/build/record/build-records.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'strata-records-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const record: Omit<BuildRecord, 'number' | 'previous'> = {
  schema: 2,
  startedAt: 0,
  finishedAt: 1,
  outcome: 'done',
  context: '/src',
  tags: [],
  images: [],
  plans: [],
  work: [],
  pushes: [],
};

test('an empty store has none', () => {
  const records = openBuildRecords(root);
  expect([records.numbers(), records.read(1), [...records.ofProject(['a'])]]).toEqual([[], undefined, []]);
});

test('each knows the one before it of the same thing', () => {
  const records = openBuildRecords(root);
  const added = [['a'], ['b'], ['a', 'c'], ['c']].map((projects) => records.add(record, projects));
  expect(added.map(({ number, previous }) => [number, previous])).toEqual([
    [1, undefined],
    [2, undefined],
    [3, 1],
    [4, 3],
  ]);
  expect([...records.ofProject(['c'])].map(({ number }) => number)).toEqual([4, 3, 1]);
});

test('the newest 200 are kept, and nothing else is left', () => {
  const records = openBuildRecords(root);
  for (let count = 0; count < 203; count++) records.add(record, ['a']);
  expect(records.numbers()).toEqual(Array.from({ length: 200 }, (_, index) => index + 4));
  expect(readdirSync(join(root, 'builds')).filter((name) => !/^[0-9]+\.json$/.test(name))).toEqual([
    'latest',
  ]);
});

const damages: [title: string, text: string][] = [
  ['cut off', '{"schema":2,"number":2,'],
  ['empty', ''],
  ['of another number', JSON.stringify({ ...record, number: 1 })],
  ['of another schema', JSON.stringify({ ...record, schema: 1, number: 2 })],
];
test.each(damages)('a record that is %s is none, and the next ones are not hurt', (_title, text) => {
  const records = openBuildRecords(root);
  records.add(record, ['a']);
  records.add(record, ['a']);
  writeFileSync(join(root, 'builds/2.json'), text);
  expect(records.read(2)).toBeUndefined();
  expect([...records.ofProject(['a'])]).toEqual([]);
  expect(records.add(record, ['a'])).toMatchObject({ number: 3, previous: 2 });
  expect([...records.ofProject(['a'])].map(({ number }) => number)).toEqual([3]);
});

test('what a killed build left aside is no record', () => {
  const records = openBuildRecords(root);
  records.add(record, ['a']);
  writeFileSync(join(root, 'builds/2.json.0123456789ab.tmp'), '{');
  expect(records.numbers()).toEqual([1]);
  expect(records.add(record, ['a']).number).toBe(2);
});
