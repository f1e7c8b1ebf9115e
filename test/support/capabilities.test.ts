import { describe, expect, test } from 'vitest';
import { findProgram, skipIsJustified } from './capabilities.ts';

describe('a skipped test', () => {
  test.each<[title: string, isJustified: boolean]>([
    ['a build', false],
    ['a build (this machine lacks: )', false],
    ['a build (this machine lacks: patience)', false],
  ])('called "%s" counts as justified: %s', (title, isJustified) => {
    expect(skipIsJustified(title)).toBe(isJustified);
  });
});

test('a program is found on PATH, or not at all', () => {
  expect(findProgram('no-such-program', 'node')).toMatch(/\/node$/);
  expect(findProgram('no-such-program')).toBeUndefined();
});
