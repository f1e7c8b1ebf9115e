import { expect, test } from 'vitest';
import { goDuration, goList, goQuotedList } from '../../src/plan/image/go-text.ts';

const durations: [nanoseconds: number, want: string][] = [
  [0, '0s'],
  [7, '7ns'],
  [1_500, '1.5µs'],
  [100_000_000, '100ms'],
  [1_500_000_000, '1.5s'],
  [30e9, '30s'],
  [60e9, '1m0s'],
  [90e9, '1m30s'],
  [3_601e9, '1h0m1s'],
  [36_000e9 + 1, '10h0m0.000000001s'],
];

test.each(durations)('%i ns is %s', (nanoseconds, want) => {
  expect(goDuration(nanoseconds)).toBe(want);
});

const quoted: [texts: string[], want: string][] = [
  [[], '[]'],
  [[''], '[""]'],
  [['a b', 'c'], '["a b" "c"]'],
  [['"', '\\', "'"], '["\\"" "\\\\" "\'"]'],
  [['\n\t\r\v\f\b\x07'], '["\\n\\t\\r\\v\\f\\b\\a"]'],
  [['\0\x1b\x7f'], '["\\x00\\x1b\\x7f"]'],
  [['é 世 😀'], '["é 世 😀"]'],
  [['\u00a0\u200b\u{e0001}'], '["\\u00a0\\u200b\\U000e0001"]'],
];

test.each(quoted)('%j quoted', (texts, want) => {
  expect(goQuotedList(texts)).toBe(want);
});

test('a plain list is not quoted', () => {
  expect(goList(['/bin/bash', '-c'])).toBe('[/bin/bash -c]');
});
