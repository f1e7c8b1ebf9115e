import { expect, test } from 'vitest';
import type { Phase } from '../../../src/core/trace.ts';
import { chromeTrace } from '../../../src/progress/trace/chrome-trace.ts';

const phase = (name: string, startMs: number, endMs: number, track = 'step'): Phase => ({
  name,
  track,
  startMs,
  endMs,
});

interface ThreadEvent {
  readonly ph: string;
  readonly name: string;
  readonly tid: number;
  readonly args?: { readonly name?: string };
}

/** Which thread each phase is on, by the name of the thread. */
function placed(phases: readonly Phase[]): [phase: string, thread: string][] {
  const { traceEvents } = JSON.parse(chromeTrace(phases)) as { traceEvents: ThreadEvent[] };
  const names = new Map(
    traceEvents.filter(({ name }) => name === 'thread_name').map(({ tid, args }) => [tid, args?.name ?? '']),
  );
  return traceEvents
    .filter(({ ph }) => ph === 'X')
    .map(({ name, tid }): [string, string] => [name, names.get(tid) ?? '']);
}

const rows: readonly (readonly [title: string, phases: readonly Phase[], want: [string, string][]])[] = [
  ['nothing', [], []],
  [
    'one after the other, touching',
    [phase('a', 0, 1), phase('b', 1, 2)],
    [
      ['a', 'step'],
      ['b', 'step'],
    ],
  ],
  [
    'one inside of the other, told in the order of their ends',
    [phase('inner', 1, 2), phase('outer', 0, 3)],
    [
      ['outer', 'step'],
      ['inner', 'step'],
    ],
  ],
  [
    'inside, ending at the same moment',
    [phase('inner', 1, 3), phase('outer', 0, 3)],
    [
      ['outer', 'step'],
      ['inner', 'step'],
    ],
  ],
  [
    'overlapping: on a thread of its own, which the next one shares',
    [phase('a', 0, 2), phase('b', 1, 3), phase('c', 2, 4)],
    [
      ['a', 'step'],
      ['b', 'step (2)'],
      ['c', 'step'],
    ],
  ],
  [
    'on tracks of their own',
    [phase('a', 0, 2), phase('b', 1, 3, 'layers')],
    [
      ['a', 'step'],
      ['b', 'layers'],
    ],
  ],
  [
    'apart by less than a microsecond',
    [phase('a', 0, 1.0001), phase('b', 1.0002, 2)],
    [
      ['a', 'step'],
      ['b', 'step'],
    ],
  ],
];

test.each(rows)('%s', (_, phases, want) => {
  expect(placed(phases)).toEqual(want);
});
