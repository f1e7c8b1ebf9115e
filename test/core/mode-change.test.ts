import { describe, expect, it } from 'vitest';
import { type ModeChange, readModeChange } from '../../src/core/mode-change.ts';

function modeChange(text: string): ModeChange {
  const change = readModeChange(text);
  if (change === undefined) throw new Error(`${text} is no mode`);
  return change;
}

describe('symbolic modes', () => {
  // The columns of the reference: a file 0640, a file 0755, a directory 0700.
  const table: [mode: string, plain: number, executable: number, directory: number][] = [
    ['u=rwX,go=rX', 0o644, 0o755, 0o755],
    ['+x', 0o751, 0o755, 0o711],
    ['a+X', 0o640, 0o755, 0o711],
    ['go-w', 0o640, 0o755, 0o700],
    ['g=u', 0o660, 0o775, 0o770],
    ['a=r', 0o444, 0o444, 0o444],
    ['u+s', 0o4640, 0o4755, 0o4700],
    ['o+t', 0o640, 0o755, 0o700],
    ['+t', 0o1640, 0o1755, 0o1700],
    ['=', 0, 0, 0],
    ['u+', 0o640, 0o755, 0o700],
    ['go-rwx', 0o600, 0o700, 0o700],
    ['u+x,g=u', 0o770, 0o775, 0o770],
    ['u-r+x', 0o340, 0o355, 0o300],
    ['g+s', 0o2640, 0o2755, 0o2700],
    ['o+s', 0o640, 0o755, 0o700],
    ['+s', 0o6640, 0o6755, 0o6700],
    ['u=g', 0o440, 0o555, 0o000],
    ['=r', 0o444, 0o444, 0o444],
    ['644', 0o644, 0o644, 0o644],
    ['4755', 0o4755, 0o4755, 0o4755],
    ['0', 0, 0, 0],
    ['07777', 0o7777, 0o7777, 0o7777],
  ];
  for (const [text, plain, executable, directory] of table) {
    it(text, () => {
      const change = modeChange(text);
      expect(
        [change.apply(0o640, false), change.apply(0o755, false), change.apply(0o700, true)].map((m) =>
          m.toString(8),
        ),
      ).toEqual([plain, executable, directory].map((m) => m.toString(8)));
    });
  }

  const bits: [mode: string, before: number, after: number][] = [
    ['a=r', 0o7755, 0o1444],
    ['g=r', 0o2755, 0o745],
    ['g=u', 0o2755, 0o2775],
    ['u-s', 0o6755, 0o2755],
    ['-t', 0o1777, 0o777],
  ];
  for (const [text, before, after] of bits) {
    it(`${text} on ${before.toString(8)}`, () => {
      expect(modeChange(text).apply(before, false).toString(8)).toBe(after.toString(8));
    });
  }
});

describe('directories on the way', () => {
  const table: [mode: string, want: number][] = [
    ['600', 0o600],
    ['4755', 0o755],
    ['go-rwx', 0o755],
  ];
  for (const [text, want] of table) it(text, () => expect(modeChange(text).implicitDirectory).toBe(want));
});

describe('what is no mode', () => {
  for (const text of [
    'u',
    'x',
    'u+x,',
    'rwx',
    'z+x',
    '644a',
    '',
    '8',
    '10000',
    '789',
    '-1',
    '+x ',
    'u+x,,g+x',
  ]) {
    it(JSON.stringify(text), () => {
      expect(readModeChange(text)).toBeUndefined();
    });
  }
});
