import { describe, expect, test } from 'vitest';
import { splitFields } from '../../../src/cli/flags/csv.ts';
import { outcome, type Want } from './outcome.ts';

describe('splitFields', () => {
  const rows: [text: string, want: Want][] = [
    ['a=1,b=2', ['a=1', 'b=2']],
    ['"a=1,2",b', ['a=1,2', 'b']],
    ['"say ""hi"""', ['say "hi"']],
    ['a,,b', ['a', '', 'b']],
    ['', ['']],
    [
      'a"b',
      'bad-flag-value: --x a"b: a quoted field must start and end at a comma | quote whole fields: "key=a,b"',
    ],
    [
      '"a',
      'bad-flag-value: --x "a: a quoted field must start and end at a comma | quote whole fields: "key=a,b"',
    ],
  ];
  test.each(rows)('%s', (text, want) => {
    expect(outcome(() => splitFields('--x', text))).toEqual(want);
  });
});
