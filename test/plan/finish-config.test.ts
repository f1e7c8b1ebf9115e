import { expect, test } from 'vitest';
import { type DiffID, digestFromHex } from '../../src/core/digest.ts';
import type { BaseLayers, HistoryDraft, ImageDraft } from '../../src/plan/image/draft.ts';
import { type FinishedLayer, finishConfig } from '../../src/plan/image/finish-config.ts';

const amd64 = { os: 'linux', architecture: 'amd64' };

function diffID(digit: string): DiffID {
  return digestFromHex(digit.repeat(64));
}

function layer(digit: string, createdAt: string): FinishedLayer {
  return { diffID: diffID(digit), createdAt: Date.parse(createdAt) };
}

/** `M` is an entry without a layer, anything else one with. */
function entries(letters: string): HistoryDraft[] {
  return [...letters].map((letter, index) => {
    const shared = { createdBy: `${letter}${index}`, comment: 'buildkit.dockerfile.v0' };
    return letter === 'M'
      ? { ...shared, isEmptyLayer: true }
      : { ...shared, isEmptyLayer: false, vertex: `v/${index}` };
  });
}

function draft(history: string, more: Partial<ImageDraft> = {}): ImageDraft {
  return { platform: amd64, config: { Env: ['A=1'] }, history: entries(history), ...more };
}

const base: BaseLayers = {
  vertex: 'image:base',
  diffIDs: [diffID('a')],
  history: [
    { created: '2020-01-01T00:00:00Z', created_by: 'made', author: 'somebody' },
    { created: '2021-01-01T00:00:00Z', created_by: 'CMD', empty_layer: true },
  ],
  created: '2022-01-01T00:00:00Z',
};

const first = layer('1', '2026-01-01T00:00:00Z');
const second = layer('2', '2026-02-02T02:02:02.520Z');

const times: [title: string, draft: ImageDraft, layers: FinishedLayer[], want: (string | undefined)[]][] = [
  ['scratch without anything', draft(''), [], []],
  ['scratch with metadata only', draft('MM'), [], [undefined, undefined]],
  ['a base and nothing new', draft('', { base }), [], ['2020-01-01T00:00:00Z', '2021-01-01T00:00:00Z']],
  [
    'metadata only takes the time of the last entry of the base',
    draft('MM', { base }),
    [],
    ['2020-01-01T00:00:00Z', '2021-01-01T00:00:00Z', '2021-01-01T00:00:00Z', '2021-01-01T00:00:00Z'],
  ],
  [
    'the first run of metadata takes the time of the layer after it, later ones that of the one before',
    draft('MMLMLM', { base: { ...base, history: base.history.slice(0, 1) } }),
    [first, second],
    [
      '2020-01-01T00:00:00Z',
      '2026-01-01T00:00:00Z',
      '2026-01-01T00:00:00Z',
      '2026-01-01T00:00:00Z',
      '2026-01-01T00:00:00Z',
      '2026-02-02T02:02:02.52Z',
      '2026-02-02T02:02:02.52Z',
    ],
  ],
  [
    'an epoch is the time of every new entry; the base keeps its own',
    draft('ML', { base, epochSeconds: Date.parse('2020-06-01T00:00:00Z') / 1000 }),
    [first],
    ['2020-01-01T00:00:00Z', '2021-01-01T00:00:00Z', '2020-06-01T00:00:00Z', '2020-06-01T00:00:00Z'],
  ],
  [
    'an epoch is no time of a base alone',
    draft('', { base, epochSeconds: 0 }),
    [],
    ['2020-01-01T00:00:00Z', '2021-01-01T00:00:00Z'],
  ],
  ['an epoch of zero is an epoch', draft('L', { epochSeconds: 0 }), [first], ['1970-01-01T00:00:00Z']],
];

test.each(times)('times: %s', (_title, image, layers, want) => {
  const config = finishConfig(image, layers);
  expect((config.history ?? []).map((entry) => entry.created)).toEqual(want);
  expect(config.created).toBe(want.at(-1));
});

const baseHistories: [title: string, base: BaseLayers, want: (boolean | undefined)[]][] = [
  ['one entry for each layer', { ...base, history: [{}, { empty_layer: true }] }, [undefined, true]],
  ['too few', { ...base, diffIDs: [diffID('a'), diffID('b')] }, [undefined, true, undefined]],
  ['none at all', { ...base, history: [] }, [undefined]],
  ['too many', { ...base, history: [{}, { empty_layer: true }, {}, {}] }, [undefined, true, true, true]],
];

test.each(baseHistories)('base history: %s', (_title, layers, want) => {
  const config = finishConfig(draft('L', { base: layers }), [first]);
  const history = config.history ?? [];
  expect(history.map((entry) => entry.empty_layer)).toEqual([...want, undefined]);
  const made = history.filter((entry) => entry.empty_layer !== true);
  expect(made).toHaveLength(config.rootfs.diff_ids.length);
});

test('entries that are added for a base say who added them and when the base was made', () => {
  const { history } = finishConfig(draft('', { base: { ...base, history: [] } }), []);
  expect(history).toEqual([{ created: '2022-01-01T00:00:00Z', comment: 'buildkit.exporter.image.v0' }]);
});

test('the whole document, members in the order of the specification', () => {
  const image = draft('LM', {
    platform: { os: 'linux', architecture: 'arm', variant: 'v7', osVersion: '1.2' },
    osFeatures: ['f'],
    author: 'me',
    base,
  });
  const config = finishConfig(image, [first]);
  expect(JSON.stringify(config, undefined, 1)).toBe(
    JSON.stringify(
      {
        created: '2026-01-01T00:00:00Z',
        author: 'me',
        architecture: 'arm',
        os: 'linux',
        'os.version': '1.2',
        'os.features': ['f'],
        variant: 'v7',
        config: { Env: ['A=1'] },
        rootfs: { type: 'layers', diff_ids: [diffID('a'), diffID('1')] },
        history: [
          ...base.history,
          { created: '2026-01-01T00:00:00Z', created_by: 'L0', comment: 'buildkit.dockerfile.v0' },
          {
            created: '2026-01-01T00:00:00Z',
            created_by: 'M1',
            comment: 'buildkit.dockerfile.v0',
            empty_layer: true,
          },
        ],
      },
      undefined,
      1,
    ),
  );
});

test('an image without history has no such member', () => {
  expect(finishConfig(draft(''), [])).toEqual({
    architecture: 'amd64',
    os: 'linux',
    config: { Env: ['A=1'] },
    rootfs: { type: 'layers', diff_ids: [] },
  });
});
