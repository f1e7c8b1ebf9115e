import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { differenceFrom } from '../../../src/layer/earlier/difference.ts';
import { FactsWriter, factsOf, openFactsOfLayers } from '../../../src/layer/earlier/file-facts.ts';
import type { LayerEntry, LayerMember } from '../../../src/layer/layer-entry.ts';
import { plainFields } from '../../../src/tar/entry.ts';

const directory = mkdtempSync(join(tmpdir(), 'strata-facts-'));
afterAll(() => rmSync(directory, { recursive: true }));

const mtime = { seconds: 5, nanoseconds: 7 };
const folder = (path: string, fields: Partial<LayerMember> = {}): LayerMember => ({
  ...plainFields,
  type: 'directory',
  path,
  mode: 0o755,
  mtime,
  ...fields,
});
const file = (path: string, sha256: string | undefined, fields: Partial<LayerMember> = {}): LayerMember => ({
  ...plainFields,
  type: 'file',
  path,
  mode: 0o644,
  size: 100_000,
  mtime,
  content: { kind: 'file', open: () => -1, sha256 },
  ...fields,
});

const many = Array.from({ length: 40 }, (_, index) => file(`e/${index}`, `hash ${index}`));
const tree = (...members: LayerMember[]): LayerMember[] => [folder('d'), ...members, folder('e'), ...many];
const before = tree(file('d/f', 'one'), folder('d/g'), file('d/u', undefined), file('d/x', '', { size: 0 }));
const facts = new Map(before.map((member) => [member.path, factsOf(member)]));

type Row = readonly [title: string, entries: LayerEntry[], want: readonly string[] | undefined];
const x = file('d/x', '', { size: 0 });
const [f, g, u] = [file('d/f', 'one'), folder('d/g'), file('d/u', undefined)];
test.each<Row>([
  ['the same, of which one is not known', before, ['d', 'd/u']],
  ['content', tree(file('d/f', 'two'), g, u, x), ['d', 'd/f', 'd/u']],
  ['content that is not known any more', tree(file('d/f', undefined), g, u, x), ['d', 'd/f', 'd/u']],
  ['content that is known now', tree(f, g, file('d/u', 'three'), x), ['d', 'd/u']],
  ['an owner', tree({ ...f, uid: 1 }, g, u, x), ['d', 'd/f', 'd/u']],
  [
    'a fraction of a second',
    tree({ ...f, mtime: { ...mtime, nanoseconds: 8 } }, g, u, x),
    ['d', 'd/f', 'd/u'],
  ],
  [
    'an attribute of a directory',
    tree(f, folder('d/g', { xattrs: [{ name: 'user.a', value: Buffer.from('x') }] }), u, x),
    ['d', 'd/g', 'd/u'],
  ],
  ['new ones', tree(f, g, folder('d/h'), file('d/h/i', 'new'), u, x), ['d', 'd/h', 'd/h/i', 'd/u']],
  [
    'a link in place of a file',
    tree({ ...f, type: 'symlink', size: 0, link: 'g' }, g, u, x),
    ['d', 'd/f', 'd/u'],
  ],
  ['one gone', tree(g, u, x), undefined],
  ['a directory in place of a file', tree(folder('d/f'), g, u, x), undefined],
  ['a file in place of a directory', tree(f, file('d/g', 'one'), u, x), undefined],
  ['a deletion', [...before, { type: 'delete', path: 'f/gone' }], undefined],
  ['a further name', [...before, { ...f, type: 'hardlink', path: 'f', link: 'd/f', size: 0 }], undefined],
  ['a large one', tree({ ...f, size: 5_000_000 }, g, u, x), undefined],
  ['all of them', before.map((member) => ({ ...member, mode: 0o700 })), undefined],
])('what is to be written: %s', (_title, entries, want) => {
  const written = differenceFrom(entries, facts);
  expect(written && [...written].sort()).toEqual(want);
});

test('facts are read as they were kept, whatever the names; those of another kind are none', async () => {
  const kept = openFactsOfLayers(directory);
  const odd = [
    file('a\nb \xff', 'x'),
    folder(' '),
    { ...f, type: 'symlink', link: '\n"', path: 'l' } as const,
  ];
  const oddFacts = new Map([...facts, ...odd.map((member) => [member.path, factsOf(member)] as const)]);
  const writer = new FactsWriter();
  for (const member of [...before, ...odd]) writer.add(member);
  await kept.keep('id', writer);
  expect(kept.read('id')).toEqual(oddFacts);
  expect(kept.read('other')).toBeUndefined();
  writeFileSync(join(directory, 'other.facts'), 'strata file facts 1\0a\0b');
  expect(kept.read('other')).toBeUndefined();
});
