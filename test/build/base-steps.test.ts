import { describe, expect, test } from 'vitest';
import { type BaseSteps, createBaseSteps } from '../../src/build/bases/base-steps.ts';

/** What a store has of snapshots `a` and `b`, and what is told of bases that have them. */
function watched(store: { files?: string[]; blobs?: string[] } = {}) {
  const files = new Set(store.files);
  const blobs = new Set(store.blobs);
  const told: string[] = [];
  let at = 0;
  const steps = createBaseSteps({
    layers: {
      isInPlace: (id) => files.has(id),
      isAvailable: (id) => files.has(id) || blobs.has(id),
    },
    emit(event) {
      if (event.type === 'step') told.push(`${event.id} ${event.state}`);
      if (event.type === 'transfer')
        told.push(`${event.id} ${event.name} ${event.current}/${event.total}${event.done ? ' done' : ''}`);
    },
    now: () => at++,
  });
  const layer = (name: string) => ({ name, total: 9 });
  return {
    steps,
    told,
    fetch(base: string, name: string) {
      steps.begin(base, layer(name));
      steps.moved(base, layer(name), 4);
      blobs.add(name);
      steps.done(base, layer(name));
    },
    unpack(base: string, name: string) {
      steps.moved(base, layer(`extracting ${name}`), 4);
      files.add(name);
      steps.done(base, layer(`extracting ${name}`));
    },
  };
}

const show = (steps: BaseSteps, id: string, isRead: boolean) => steps.show('base', id, ['a', 'b'], isRead);
const fetched = (id: string, name: string) => [`${id} ${name} 4/9`, `${id} ${name} 9/9 done`];

describe('a base that is all here', () => {
  test.each([
    ['its files, for a step that reads them', { files: ['a', 'b'] }, true],
    ['its blobs, for steps that read no files', { blobs: ['a', 'b'] }, false],
    ['some of each, for steps that read no files', { files: ['a'], blobs: ['b'] }, false],
  ])('is told at once: %s', (_, store, isRead) => {
    const { steps, told } = watched(store);
    show(steps, 'from', isRead);
    expect(told).toEqual(['from cached']);
    // A build that begins anew, and its end, say nothing more.
    show(steps, 'from', isRead);
    steps.finish();
    expect(told).toEqual(['from cached']);
  });

  test('begins again when something of it is brought all the same', () => {
    const { steps, told, fetch } = watched({ files: ['a', 'b'] });
    show(steps, 'from', true);
    fetch('base', 'a');
    expect(told).toEqual(['from cached', 'from started', ...fetched('from', 'a'), 'from done']);
  });
});

describe('a base that is brought', () => {
  test('ends when its last layer is unpacked, where its files are read', () => {
    const { steps, told, fetch, unpack } = watched();
    show(steps, 'from', true);
    for (const name of ['a', 'b']) fetch('base', name);
    for (const name of ['a', 'b']) unpack('base', name);
    expect(told).toEqual([
      'from started',
      ...['a', 'b', 'extracting a', 'extracting b'].flatMap((name) => fetched('from', name)),
      'from done',
    ]);
    steps.finish();
    expect(told.at(-1)).toBe('from done');
  });

  test('ends when its last layer is fetched, where nobody reads its files', () => {
    const { steps, told, fetch } = watched({ files: ['a'] });
    show(steps, 'from', false);
    fetch('base', 'b');
    expect(told).toEqual(['from started', ...fetched('from', 'b'), 'from done']);
  });

  test('is told of the first stage that begins with it', () => {
    const { steps, told, unpack } = watched({ files: ['a'], blobs: ['b'] });
    show(steps, 'one', true);
    show(steps, 'two', true);
    unpack('base', 'b');
    expect(told).toEqual(['one started', ...fetched('one', 'extracting b'), 'one done', 'two cached']);
  });

  test('ends together with another that has the same layers', () => {
    const { steps, told, unpack } = watched({ files: ['a'], blobs: ['b'] });
    show(steps, 'from', true);
    steps.show('other', 'other', ['b'], true);
    unpack('base', 'b');
    expect(told.slice(-2)).toEqual(['from done', 'other cached']);
  });

  test('ends with the build when not all of it was needed, or nothing', () => {
    const { steps, told, fetch } = watched();
    show(steps, 'from', true);
    steps.show('unused', 'unused', ['c'], true);
    fetch('base', 'a');
    steps.finish();
    expect(told.slice(-2)).toEqual(['from done', 'unused cached']);
  });

  test('says nothing where it is not shown', () => {
    const { told, fetch, unpack } = watched();
    fetch('base', 'a');
    unpack('base', 'a');
    expect(told).toEqual([]);
  });
});
