import { expect, test } from 'vitest';
import { harmlessText } from '../../../src/progress/text/harmless-text.ts';

const rows: [title: string, input: string, want: string][] = [
  ['plain text', 'hello ✓ wörld', 'hello ✓ wörld'],
  ['a tab stays', 'a\tb', 'a\tb'],
  ['a colour that is reset stays', '\x1b[31mred\x1b[0m.', '\x1b[31mred\x1b[0m.'],
  ['a colour that is reset the short way stays', '\x1b[31mred\x1b[m.', '\x1b[31mred\x1b[m.'],
  ['a colour left on ends with the line', '\x1b[1;31mred', '\x1b[1;31mred\x1b[0m'],
  ['cursor and erase sequences vanish', '\x1b[2K\x1b[1Aup\x1b[?25l', 'up'],
  ['a sequence that only looks like a colour vanishes', '\x1b[>4;2mx', 'x'],
  ['a title is shown, not set', '\x1b]0;title\x07', '␛]0;title␇'],
  ['a lone escape', 'x\x1b', 'x␛'],
  ['backspaces hide nothing', 'abc\b\b\bxyz', 'abc␈␈␈xyz'],
  ['NUL and DEL', '\x00\x7f', '␀␡'],
  ['C1 controls', '\x9b2J', '\ufffd2J'],
];

test.each(rows)('%s', (_title, input, want) => {
  expect(harmlessText(input)).toBe(want);
});

test('without colours every escape sequence is gone', () => {
  expect(harmlessText('\x1b[31mred\x1b[0m\x1b[2K', false)).toBe('red');
});
