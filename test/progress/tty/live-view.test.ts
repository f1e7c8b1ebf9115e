import { describe, expect, test } from 'vitest';
import { fitColumns } from '../../../src/progress/text/fit-columns.ts';
import { printRunningSteps, type RunningStep } from '../../../src/progress/tty/live-view.ts';

describe('fitColumns', () => {
  const rows: [title: string, text: string, columns: number, want: string][] = [
    ['fills up', 'abc', 5, 'abc  '],
    ['exact', 'abcde', 5, 'abcde'],
    ['cuts', 'abcdef', 5, 'abcd…'],
    ['wide characters count two', '日本語', 6, '日本語'],
    ['a wide character is not cut in half', '日本語', 5, '日本…'],
    ['a wide character that leaves a gap', 'a日本語', 5, 'a日… '],
    ['combining marks count nothing', 'e\u0301', 2, 'e\u0301 '],
  ];
  test.each(rows)('%s', (_title, text, columns, want) => {
    expect(fitColumns(text, columns)).toBe(want);
  });
});

function runningStep(number: number, label: string, tail: string[] = []): RunningStep {
  return { step: { id: label, number, label, startedAt: 1000 }, tail, transfers: new Map() };
}

describe('printRunningSteps', () => {
  test('a long label and long output stay within the screen', () => {
    const long = 'x'.repeat(300);
    const lines = printRunningSteps([runningStep(1, long, [long, 'short'])], { columns: 80, rows: 24 }, 4200);
    expect(lines.map((line) => line.length)).toEqual([79, 79, 8]);
    expect(lines[0]).toMatch(/^ => x+… 3\.2s$/);
  });

  test('a layer that is moved has room for how far it is', () => {
    const step = runningStep(1, 'FROM alpine');
    const name = `extracting sha256:${'a'.repeat(64)}`;
    step.transfers.set(name, { name, current: 5e6, total: 3e7, from: { bytes: 0, at: 0 }, at: 1000 });
    const lines = printRunningSteps([step], { columns: 80, rows: 24 }, 1000);
    expect(lines[1]).toBe(`   extracting sha256:${'a'.repeat(12)} 5.00MB / 30.0MB 5.00MB/s`);
  });

  test('output shares what room the screen has', () => {
    const steps = [1, 2, 3].map((n) => runningStep(n, `step ${n}`, ['1', '2', '3', '4', '5']));
    const lines = printRunningSteps(steps, { columns: 40, rows: 12 }, 1000);
    expect(lines.length).toBe(9);
    expect(lines.slice(0, 3).map((line) => line.trim())).toEqual([
      expect.stringMatching(/^=> step 1/),
      '4',
      '5',
    ]);
  });

  test('more steps than rows are counted', () => {
    const steps = Array.from({ length: 30 }, (_, i) => runningStep(i, `step ${i}`));
    const lines = printRunningSteps(steps, { columns: 40, rows: 10 }, 1000);
    expect(lines.length).toBe(8);
    expect(lines.at(-1)).toBe('   … and 23 more');
  });
});
