import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parentOf } from '../../../src/core/byte-path.ts';
import { keyedHash } from '../../../src/core/tables/keyed-hash.ts';
import { nameTable } from '../../../src/core/tables/name-table.ts';
import { pathTable } from '../../../src/core/tables/path-table.ts';

describe('paths as numbers', () => {
  const names = fc.constantFrom('a', 'b', 'c', 'a.txt', 'a b', '\xff', 'a\xff', 'é'.normalize('NFC'));
  const path = fc.array(names, { minLength: 0, maxLength: 5 }).map((parts) => parts.join('/'));

  test('one path is one number, and its text again', () => {
    fc.assert(
      fc.property(fc.array(path, { maxLength: 60 }), (texts) => {
        const paths = pathTable();
        const ids = texts.map((text) => paths.add(text));
        expect(ids.map(paths.textOf)).toEqual(texts);
        expect(texts.map(paths.find)).toEqual(ids);
        expect(texts.map((text) => paths.add(text))).toEqual(ids);
        expect(paths.find('a/nobody/put/it/there')).toBeUndefined();
        for (const id of ids) expect(paths.parentOf(id)).toBeLessThanOrEqual(id);
      }),
    );
  });

  test('in the order of a tree, what lies in a comes before a.txt', () => {
    fc.assert(
      fc.property(fc.array(path, { maxLength: 60 }), (texts) => {
        const paths = pathTable();
        for (const text of texts) paths.add(text);
        const all = new Set(['']);
        for (const text of texts) for (let at = text; at !== ''; at = parentOf(at)) all.add(at);
        const key = (text: string) => text.replaceAll('/', '\0');
        const sorted = [...all].sort((a, b) => (key(a) < key(b) ? -1 : 1));
        expect([...paths.inTreeOrder()].map(paths.textOf)).toEqual(sorted);
      }),
    );
  });

  test('no more than were agreed on, the directories above counted', () => {
    const paths = pathTable(4);
    paths.add('a/b/c');
    expect(() => paths.add('a/b/d')).toThrow('more than 4 paths');
  });
});

test('many names in many scopes are found again', () => {
  const names = nameTable();
  const name = (index: number) => `name ${index % 5000}`;
  const ids = Array.from({ length: 20_000 }, (_, index) => names.add(index % 7, name(index)));
  expect(new Set(ids).size).toBe(names.count);
  expect(ids.map((_, index) => names.find(index % 7, name(index)))).toEqual(ids);
  expect(ids.map((id) => `${names.scopeOf(id)} ${names.textOf(id)}`)).toEqual(
    ids.map((_, index) => `${index % 7} ${name(index)}`),
  );
  expect(names.find(7, name(0))).toBe(0);
});

test('a hash depends on every byte, the scope and the key, and fills all of its range', () => {
  const key = Buffer.from('00112233', 'latin1');
  const hash = keyedHash(key);
  const texts = ['', '\0', '\0\0\0\0', 'abc', 'abd', 'abcd', 'abcde', 'abcd\0', 'a\xffcd', 'a'.repeat(255)];
  const hashes = [...texts.map((text) => hash(1, text)), hash(2, 'abc'), keyedHash()(1, 'abc')];
  expect(new Set(hashes).size).toBe(hashes.length);
  expect(keyedHash(key)(1, 'abc')).toBe(hash(1, 'abc'));
  const buckets = new Array<number>(64).fill(0);
  for (let index = 0; index < 64_000; index++) {
    const bucket = hash(index % 10, `lib${index}.so`) % 64;
    buckets[bucket] = (buckets[bucket] ?? 0) + 1;
  }
  // 1000 in each; chance leaves this by far less than once in a billion keys, and the key is fixed.
  expect(Math.min(...buckets)).toBeGreaterThan(800);
  expect(Math.max(...buckets)).toBeLessThan(1200);
});
