import { expect, test } from 'vitest';
import { wrap } from '../../src/cli/inspect/look.ts';

test.each<[width: number | undefined, text: string, want: string[]]>([
  [undefined, 'whatever its length, one line', ['  whatever its length, one line']],
  [20, 'short', ['  short']],
  [20, '', ['  ']],
  [20, 'the words of a sentence', ['  the words of a', '    sentence']],
  [20, 'a/path/that/is/longer/than/a/line', ['  a/path/that/is/lon', '    ger/than/a/line']],
  [20, 'see a/path/that/is/longer', ['  see', '    a/path/that/is/l', '    onger']],
  // Two units, one character
  [20, `${'x'.repeat(17)}\u{1f600}yz`, [`  ${'x'.repeat(17)}`, '    \u{1f600}yz']],
  // No less than ten columns
  [5, 'abcdefghijkl', ['  abcdefghij', '    kl']],
])('in %s columns: %s', (width, text, want) => {
  expect(wrap({ width, usesColors: false }, text, 2)).toEqual(want);
});
