import { expect, test } from 'vitest';
import type { BuildSummary } from '../../src/core/build-summary.ts';
import { plainRenderer } from '../../src/progress/plain/plain.ts';
import { rawjsonRenderer } from '../../src/progress/rawjson.ts';
import { printSummary } from '../../src/progress/summary.ts';

const whole: BuildSummary = {
  build: 12,
  outcome: 'done',
  wallMs: 8340,
  steps: { cached: 4, run: 2, failed: 0, notReached: 0 },
  slowest: [
    { label: '[build 2/5] RUN make -C a/rather/long/path --jobs=2 all', durationMs: 5200 },
    { label: 'RUN a\n  b', durationMs: 1000 },
    { label: 'RUN third', durationMs: 900 },
  ],
  layers: {
    reused: { count: 5, bytes: 148_000_000 },
    new: { count: 2, bytes: 12_340_000 },
    inLast: { count: 5, bytes: 148_000_000 },
  },
  pushes: [{ repository: 'registry.test/app', sentBytes: 12_340_000, thereBytes: 148_000_000 }],
};
const none = { count: 0, bytes: 0 };

const rows: [title: string, change: Partial<BuildSummary>, want: string[]][] = [
  [
    'a build that was pushed',
    {},
    [
      'build 12: 4 steps cached, 2 run in 8.3s; slowest: RUN make -C a/rather/long/path… 5.2s, RUN a b 1.0s',
      '  layers: 5 (148MB) reused, 2 (12.3MB) new; pushed to registry.test/app: 12.3MB sent, 148MB there already',
    ],
  ],
  [
    'one that was answered from the cache',
    {
      wallMs: 60,
      steps: { cached: 1, run: 0, failed: 0, notReached: 0 },
      slowest: [],
      layers: { reused: { count: 1, bytes: 5 }, new: none, inLast: null },
      pushes: [],
    },
    ['build 12: 1 step cached in 0.1s', '  layers: 1 (5B) reused, none new'],
  ],
  [
    'one that failed',
    {
      outcome: 'failed',
      steps: { cached: 0, run: 1, failed: 1, notReached: 3 },
      slowest: [],
      layers: null,
      pushes: [],
    },
    ['build 12 failed after 8.3s: 1 step run, 1 failed, 3 not reached'],
  ],
  [
    'one without steps',
    {
      steps: { cached: 0, run: 0, failed: 0, notReached: 0 },
      slowest: [],
      layers: { reused: none, new: none, inLast: null },
      pushes: [],
    },
    ['build 12: no steps in 8.3s', '  layers: none reused, none new'],
  ],
];

test.each(rows)('%s', (_title, change, want) => {
  expect(printSummary({ ...whole, ...change })).toEqual(want);
});

test('in a log it stands apart, for programs it is an event', () => {
  let text = '';
  const stream = { write: (chunk: string) => (text += chunk) };
  const plain = plainRenderer({ stream });
  plain.handle({ type: 'step', id: 'RUN a', state: 'cached', at: 1 });
  plain.handle({ type: 'summary', summary: whole, at: 2 });
  plain.close();
  expect(text).toBe(`#1 RUN a\n#1 CACHED\n\n${printSummary(whole).join('\n')}\n`);
  text = '';
  rawjsonRenderer({ stream }).handle({ type: 'summary', summary: whole, at: 2 });
  expect(JSON.parse(text)).toEqual({ type: 'summary', summary: whole, at: 2 });
});

test('where the columns are few, its parts have lines of their own', () => {
  expect(printSummary(whole, 80)).toEqual([
    'build 12: 4 steps cached, 2 run in 8.3s',
    '  slowest: RUN make -C a/rather/long/… 5.2s, RUN a b 1.0s',
    '  layers: 5 (148MB) reused, 2 (12.3MB) new',
    '  pushed to registry.test/app: 12.3MB sent, 148MB there already',
  ]);
});
