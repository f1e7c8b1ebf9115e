import { describe, expect, test } from 'vitest';
import type { Piece } from '../../src/store/disk-use/piece.ts';
import { choosePieces } from '../../src/store/prune/choose.ts';
import type { PrunePolicy } from '../../src/store/prune/policy.ts';

const hour = 3_600_000;
const now = 1000 * hour;

/** A piece that was used so many hours ago, and changed when it was used. */
function piece(id: string, hoursAgo: number, more: Partial<Piece> = {}): Piece {
  const usedAt = now - hoursAgo * hour;
  return {
    id,
    kind: 'other',
    role: 'part',
    label: '',
    paths: [id],
    bytes: 1,
    needs: [],
    usedAt,
    changedAt: usedAt,
    ...more,
  };
}

function step(name: string, hoursAgo: number, stack: readonly string[]): Piece {
  const needs = stack.map((id) => `layer ${id}`);
  const makes = needs.at(-1) ?? '';
  return piece(`step ${name}`, hoursAgo, { kind: 'step', role: 'entry', label: `RUN ${name}`, needs, makes });
}

const layer = (id: string, bytes: number, ...blobs: string[]): Piece =>
  piece(`layer ${id}`, 900, { kind: 'step', bytes, needs: blobs.map((blob) => `blob ${blob}`) });
const base = (id: string, hoursAgo: number, bytes: number): Piece =>
  piece(`layer ${id}`, hoursAgo, { kind: 'base', role: 'entry', bytes });
const blob = (id: string, bytes: number): Piece => piece(`blob ${id}`, 900, { kind: 'blob', bytes });
const tag = (name: string, ...blobs: string[]): Piece =>
  piece(`name ${name}`, 900, { role: 'kept', needs: blobs.map((id) => `blob ${id}`), paths: [], bytes: 0 });

/** A base, two steps on it and another on the first of them, a tagged image, and what is left of an untagged one. */
const store: readonly Piece[] = [
  base('d', 100, 1000),
  step('one', 90, ['d', 'a']),
  layer('a', 100),
  step('two', 80, ['d', 'a', 'b']),
  layer('b', 200, 'b'),
  blob('b', 20),
  step('three', 70, ['d', 'a', 'c']),
  layer('c', 300, 'c'),
  blob('c', 30),
  tag('app', 'manifest', 'c'),
  blob('manifest', 1),
  blob('untagged', 2),
  piece('cache npm', 50, { kind: 'cache-mount', role: 'entry', lock: 'npm.lock', bytes: 5 }),
];

interface Given {
  readonly since?: number;
  readonly locked?: string;
  readonly freeBytes?: number;
}

function chosen(policy: PrunePolicy, { since = now, locked, freeBytes = 0 }: Given = {}): string[] {
  return choosePieces(store, policy, {
    now,
    since,
    isLocked: ({ id }) => id === locked,
    freeBytes,
  }).map(({ id }) => id);
}

const everything = [
  ...['blob untagged', 'layer d', 'step two', 'layer b', 'blob b'],
  ...['step one', 'step three', 'layer a', 'layer c', 'cache npm'],
];

describe('what a prune takes', () => {
  test.each<[title: string, policy: PrunePolicy, given: Given, want: string[]]>([
    ['what nothing needs', {}, {}, ['blob untagged']],
    ['all but what is tagged', { select: {} }, {}, everything],
    ['nothing that changed since a build began', { select: {} }, { since: 0 }, []],
    [
      'what a build found, with all it stands on, stays while the build runs',
      { select: {} },
      { since: now - 75 * hour },
      ['blob untagged', 'step two', 'layer b', 'blob b', 'step one'],
    ],
    ['no cache mount that is in use', { select: {} }, { locked: 'cache npm' }, everything.slice(0, -1)],
    ['by kind', { select: { kinds: ['cache-mount', 'context'] } }, {}, ['blob untagged', 'cache npm']],
    ['a base by kind only when no step stands on it', { select: { kinds: ['base'] } }, {}, ['blob untagged']],
    [
      'by age, and a step is as young as the youngest on it',
      { select: { unusedFor: 75 * hour } },
      {},
      ['blob untagged', 'step two', 'layer b', 'blob b'],
    ],
    [
      'by the beginning of an id',
      { select: { id: 'two' } },
      {},
      ['blob untagged', 'step two', 'layer b', 'blob b'],
    ],
    [
      'by what is shown of it',
      { select: { text: 'RUN t' } },
      {},
      everything.filter((id) => /untagged|two|three| b$| c$/.test(id) && id !== 'blob c'),
    ],
    [
      'the least recently used until the store is small enough',
      { select: {}, limits: { keepBytes: 1600 } },
      {},
      ['blob untagged', 'step two', 'layer b', 'blob b'],
    ],
    [
      'nothing of use from a store that is small enough',
      { select: {}, limits: { keepBytes: 1_000_000 } },
      {},
      ['blob untagged'],
    ],
    [
      'until enough of the disk is free',
      { select: {}, limits: { freeBytes: 1200 } },
      { freeBytes: 1000 },
      ['blob untagged', 'step two', 'layer b', 'blob b'],
    ],
    ['all there is when that is not enough', { select: {}, limits: { keepBytes: 0 } }, {}, everything],
  ])('%s', (_title, policy, given, want) => {
    expect(chosen(policy, given).sort()).toEqual([...want].sort());
  });

  test('leaves are taken before what they stand on', () => {
    const order = chosen({ select: {} });
    expect(order.indexOf('step two')).toBeLessThan(order.indexOf('step one'));
    expect(order.indexOf('step three')).toBeLessThan(order.indexOf('layer d'));
  });
});
