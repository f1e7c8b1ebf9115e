import { expect, test } from 'vitest';
import { referenceProblem } from '../../src/plan/from/reference-syntax.ts';

const digest = `sha256:${'0'.repeat(64)}`;

const rows: [reference: string, isGood: boolean][] = [
  ['alpine', true],
  ['alpine:3.20', true],
  ['library/alpine', true],
  ['localhost/x', true],
  ['localhost:5000/x/y:Tag_1.2-x', true],
  ['registry.example.com/a/b__c/d-e.f', true],
  ['UPPER.example/a', true],
  ['[::1]:5000/a', true],
  [`alpine@${digest}`, true],
  [`alpine:3@${digest}`, true],
  ['0', true],
  ['Alpine', false],
  ['a/B', false],
  ['alpine:', false],
  ['alpine:-x', false],
  ['alpine@sha256:12', false],
  ['a//b', false],
  ['/a', false],
  ['a/', false],
  ['a b', false],
  ['-a', false],
  ['', false],
  ['a'.repeat(64), false],
];

test.each(rows)('"%s": %s', (reference, isGood) => {
  expect(referenceProblem(reference) === undefined).toBe(isGood);
});

test('says when only the case is wrong', () => {
  expect(referenceProblem('Alpine:3')).toContain('lowercase');
  expect(referenceProblem('a//b')).not.toContain('lowercase');
});
