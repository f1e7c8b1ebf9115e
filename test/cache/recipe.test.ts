import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keyOf, type Recipe } from '../../src/cache/recipe.ts';

test('equal recipes have equal keys', () => {
  expect(keyOf({ kind: 'exec', parts: [['a', '1']] })).toBe(keyOf({ kind: 'exec', parts: [['a', '1']] }));
});

const cases: [string, Recipe, Recipe][] = [
  ['kind', { kind: 'exec', parts: [] }, { kind: 'copy', parts: [] }],
  ['value', { kind: 'exec', parts: [['a', '1']] }, { kind: 'exec', parts: [['a', '2']] }],
  ['name', { kind: 'exec', parts: [['a', '1']] }, { kind: 'exec', parts: [['b', '1']] }],
  [
    'order',
    {
      kind: 'exec',
      parts: [
        ['env', 'A'],
        ['env', 'B'],
      ],
    },
    {
      kind: 'exec',
      parts: [
        ['env', 'B'],
        ['env', 'A'],
      ],
    },
  ],
  ['where one part ends', { kind: 'exec', parts: [['a', 'b1']] }, { kind: 'exec', parts: [['ab', '1']] }],
  ['absent or empty', { kind: 'exec', parts: [] }, { kind: 'exec', parts: [['a', '']] }],
];
test.each(cases)('the key depends on the %s', (_, one, other) => {
  expect(keyOf(one)).not.toBe(keyOf(other));
});

test('different parts, different key', () => {
  const parts = fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 4 });
  fc.assert(
    fc.property(parts, parts, (one, other) => {
      fc.pre(JSON.stringify(one) !== JSON.stringify(other));
      return keyOf({ kind: 'exec', parts: one }) !== keyOf({ kind: 'exec', parts: other });
    }),
    { seed: 7 },
  );
});
