/** The cases of fixtures/trees, on real overlay mounts. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBlobStore } from '../../src/content/dir-store.ts';
import { bytePathFromText } from '../../src/core/byte-path.ts';
import { emptyTree } from '../../src/core/file-tree.ts';
import { applyLayer } from '../../src/layer/apply.ts';
import { diffSnapshot } from '../../src/layer/diff.ts';
import { packLayer } from '../../src/layer/pack.ts';
import { writeEntries } from '../../src/layer/write-entries.ts';
import { mergedTree } from '../../src/snapshot/merged-tree.ts';
import { describeWith } from '../support/capabilities.ts';
import { inWholeSeconds, listTree, printEntry } from './tree-listing.ts';

const fixtures = new URL('../../fixtures/trees/', import.meta.url);
const names = readdirSync(fixtures)
  .filter((name) => name.endsWith('.txt'))
  .map((name) => name.slice(0, -4));

interface Case {
  readonly lower: string;
  readonly upper: string;
  readonly expect: readonly string[];
}

function readCase(name: string): Case {
  const text = readFileSync(new URL(`${name}.txt`, fixtures), 'utf8');
  const [, lower, upper, expected] = text.split(/^(?:lower|upper|expect):\n/m).map(dedent);
  if (lower === undefined || upper === undefined || expected === undefined)
    throw new Error(`${name}: sections`);
  return { lower, upper, expect: expected.split('\n').filter((line) => line !== '') };
}

const dedent = (section: string) => section.replace(/^ {2}/gm, '');

const script = `
set -eu
umask 022
cd "$1"
mkdir upper work merged
(cd lower && eval "$2" && find . -exec touch -h -d @1000 {} +)
touch -d @1000 upper
mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work,redirect_dir=off,metacopy=off,index=off merged
cd merged
eval "$3"
`;

describeWith(['root', 'overlay', 'python3'], 'what an upper changes', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'strata-trees-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  test.each(names)('%s', async (name) => {
    const { lower, upper, expect: want } = readCase(name);
    const root = join(directory, name);
    const path = (part: string) => join(root, part);
    const tree = (...parts: string[]) => mergedTree(parts.map((part) => bytePathFromText(path(part))));
    mkdirSync(path('lower'), { recursive: true });
    // The mount dies with its namespace.
    execFileSync('unshare', ['--mount', 'sh', '-c', script, 'sh', root, lower, upper], { stdio: 'inherit' });

    const changes = () => diffSnapshot(path('upper'), tree('lower'));
    expect([...changes()].map(printEntry)).toEqual(want);

    // Packed and unpacked over the same lower, they give the same tree.
    const blobs = openBlobStore(path('layout'), path('ingest'));
    const compression = { algorithm: 'gzip' } as const;
    const { layer } = await packLayer(changes(), blobs, { compression });
    mkdirSync(path('applied'));
    const { mediaType, ...blob } = layer.descriptor;
    await applyLayer(blobs.open(blob), mediaType, path('applied'), layer.diffID);
    const merged = listTree(tree('upper', 'lower'));
    expect(listTree(tree('applied', 'lower'))).toEqual(inWholeSeconds(merged));

    // So do they written while they are packed, and written for nobody.
    mkdirSync(path('written'));
    const written = await packLayer(changes(), blobs, { compression, files: { upper: path('written') } });
    expect(written.layer).toEqual(layer);
    expect(listTree(tree('written', 'lower'))).toEqual(merged);
    mkdirSync(path('copied'));
    await writeEntries(changes(), { upper: path('copied') }, new AbortController().signal);
    expect(listTree(tree('copied', 'lower'))).toEqual(merged);

    // And the snapshot they make has the same changes as the one they came from.
    expect([...diffSnapshot(path('applied'), tree('lower'))].map(printEntry).filter(notRoot)).toEqual(
      inWholeSeconds(want.filter(notRoot)),
    );
  });

  const notRoot = (line: string) => !/^directory \d+ \S+ \.( |$)/.test(line);

  test('another time of a directory is no change by itself, but comes with one', () => {
    const root = join(directory, 'times');
    for (const [part, time] of [
      ['lower', 1000],
      ['upper', 2000],
    ] as const) {
      mkdirSync(join(root, part, 'd/e'), { recursive: true });
      for (const name of ['d/e', 'd', '']) utimesSync(join(root, part, name), time, time);
    }
    const changes = () => [
      ...diffSnapshot(join(root, 'upper'), mergedTree([bytePathFromText(join(root, 'lower'))])),
    ];
    expect(changes()).toEqual([]);
    mkdirSync(join(root, 'upper/d/f'));
    utimesSync(join(root, 'upper/d'), 3000, 3000);
    expect(changes().map(printEntry)).toEqual(['directory 755 0:0 d @3000', 'directory 755 0:0 d/f']);
  });

  test('over nothing, everything is new but the root', () => {
    const root = join(directory, 'scratch');
    mkdirSync(join(root, 'd'), { recursive: true });
    expect([...diffSnapshot(root, emptyTree)].map(printEntry)).toEqual(['directory 755 0:0 d']);
    expect([...diffSnapshot(join(root, 'missing'), emptyTree)]).toEqual([]);
  });
});
