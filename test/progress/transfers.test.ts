import { expect, test } from 'vitest';
import { movedOn, printTransfer, type TransferView } from '../../src/progress/transfers.ts';

test.each<[title: string, moves: [bytes: number, at: number][], total: number | undefined, want: string]>([
  ['nothing yet', [[0, 0]], 2_000_000, '0B / 2.00MB'],
  [
    'too early for a rate',
    [
      [0, 0],
      [900_000, 400],
    ],
    2_000_000,
    '900kB / 2.00MB',
  ],
  [
    'of unknown size',
    [
      [0, 0],
      [900_000, 1000],
    ],
    undefined,
    '900kB 900kB/s',
  ],
  [
    'half way',
    [
      [0, 0],
      [10, 900],
      [1_000_000, 2000],
    ],
    2_000_000,
    '1.00MB / 2.00MB 500kB/s',
  ],
  [
    'gone on with where another stopped',
    [
      [1_500_000, 0],
      [2_000_000, 1000],
    ],
    2_000_000,
    '2.00MB / 2.00MB 500kB/s',
  ],
  [
    'begun anew',
    [
      [1_500_000, 0],
      [0, 1000],
      [400_000, 2000],
    ],
    2_000_000,
    '400kB / 2.00MB 400kB/s',
  ],
  [
    'standing still',
    [
      [5, 0],
      [5, 9000],
    ],
    2_000_000,
    '5B / 2.00MB',
  ],
])('%s', (_title, moves, total, want) => {
  let view: TransferView | undefined;
  for (const [current, at] of moves) {
    const size = total === undefined ? {} : { total };
    view = movedOn({ type: 'transfer', id: 'a', name: 'b', current, at, ...size }, view);
  }
  expect(view && printTransfer(view)).toBe(want);
});
