import { expect, test } from 'vitest';
import { criticalPath, type TimedStep } from '../../../src/build/record/critical-path.ts';

const step = (startedAt: number | null, durationMs: number, ...dependsOn: number[]): TimedStep => ({
  startedAt,
  durationMs,
  dependsOn,
});

const rows: [title: string, steps: TimedStep[], want: number[]][] = [
  ['no steps', [], []],
  ['nothing ran', [step(null, 0), step(null, 0, 0)], []],
  ['one after the other', [step(0, 5), step(5, 5, 0), step(10, 1, 1)], [0, 1, 2]],
  ['the slower of two branches', [step(0, 5), step(0, 9), step(9, 1, 0, 1)], [1, 2]],
  [
    'a short one that began late is longer than a long one',
    [step(0, 5), step(5, 1, 0), step(6, 1, 1, 0)],
    [0, 1, 2],
  ],
  ['what was a hit made nobody wait', [step(null, 0), step(0, 5, 0), step(5, 1, 1)], [1, 2]],
  ['a hit in between ends it', [step(0, 5), step(null, 0, 0), step(7, 1, 1)], [2]],
  ['a step nobody stands on that ended last', [step(0, 5), step(5, 1, 0), step(0, 20)], [2]],
  ['a record that turns in a circle', [step(0, 5, 1), step(5, 5, 0)], [0, 1]],
];

test.each(rows)('%s', (_title, steps, want) => {
  expect(criticalPath(steps)).toEqual(want);
});
