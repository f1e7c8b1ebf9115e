import { describe, expect, test } from 'vitest';
import { parseDuration } from '../../../src/cli/flags/duration.ts';
import { type PruneFlags, readPrunePolicy } from '../../../src/cli/flags/prune-policy.ts';
import { printAge } from '../../../src/cli/print/print-age.ts';
import type { PrunePolicy } from '../../../src/store/prune/policy.ts';

const day = 86_400_000;

describe('what the flags of prune ask for', () => {
  test.each<[flags: PruneFlags, want: PrunePolicy]>([
    [{}, {}],
    [{ all: true }, { select: {} }],
    [{ olderThan: '7d' }, { select: { unusedFor: 7 * day } }],
    [{ keepSize: '2g' }, { select: {}, limits: { keepBytes: 2 * 1024 ** 3 } }],
    [
      { keepSize: '25%', free: '1k' },
      { select: {}, limits: { keepBytes: 250, freeBytes: 1024 } },
    ],
    [{ kind: ['cache-mount', 'base'] }, { select: { kinds: ['cache-mount', 'base'] } }],
    [
      { filter: ['id=4f', 'text=RUN npm', 'until=12h'] },
      { select: { id: '4f', text: 'RUN npm', unusedFor: day / 2 } },
    ],
  ])('%j', (flags, want) => {
    expect(readPrunePolicy(flags, () => 1000)).toEqual(want);
  });

  test.each<[flags: PruneFlags, want: { message: RegExp; hint?: RegExp }]>([
    [{ kind: ['steps'] }, { message: /--kind steps: there is no such kind/, hint: /did you mean "step"/ }],
    [
      { filter: ['label=x'] },
      { message: /--filter label=x: unknown filter/, hint: /id=…, text=… and until=…/ },
    ],
    [{ olderThan: '7' }, { message: /--older-than 7: not a duration/, hint: /for example 12h/ }],
    [{ free: '101%' }, { message: /more than all there is/ }],
  ])('%j is refused', (flags, want) => {
    const matching = Object.entries(want).map(([key, pattern]) => [key, expect.stringMatching(pattern)]);
    expect(() => readPrunePolicy(flags, () => 1000)).toThrow(
      expect.objectContaining({ code: 'bad-flag-value', ...Object.fromEntries(matching) }),
    );
  });
});

test.each([
  ['90s', 90_000],
  ['1h30m', 5_400_000],
  ['1.5h', 5_400_000],
  ['2w', 14 * day],
])('%s are %i milliseconds', (text, want) => {
  expect(parseDuration('--x', text)).toBe(want);
});

test.each(['', 'd', '5', '5 d', '-1h', '1h-2m', '1y'])('%j is no duration', (text) => {
  expect(() => parseDuration('--x', text)).toThrow(/not a duration/);
});

test.each([
  [0, 'just now'],
  [-5000, 'just now'],
  [59, 'just now'],
  [60, '1 minute ago'],
  [7199, '1 hour ago'],
  [2 * 86_400, '2 days ago'],
  [400 * 86_400, '1 year ago'],
])('%i seconds ago is %s', (seconds, want) => {
  expect(printAge(0, seconds * 1000)).toBe(want);
});
