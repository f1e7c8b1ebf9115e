import { afterAll, describe, expect, test } from 'vitest';
import { file, type ImageParts, type Member } from '../support/image-parts.ts';
import { strata } from './cli.ts';
import { openComparison } from './comparison.ts';
import { openScratch } from './images.ts';

const scratch = openScratch();
afterAll(() => scratch.remove());
const { image, compare } = openComparison(scratch);

describe('why two images differ', () => {
  const dated = (second: number) => `2026-01-01T00:00:0${second}Z`;
  const step = (command: string, second = 0) => ({
    created_by: `RUN /bin/sh -c ${command} # buildkit`,
    comment: 'buildkit.dockerfile.v0',
    created: dated(second),
  });
  const base = (second = 0) => ({ created_by: 'ADD base', created: dated(second) });
  const low = [file('etc/os')];
  const at = (second: number) => ({ mtime: new Date(second * 1000) });
  const upper = (members: Member[], second = 0): ImageParts => ({
    layers: [low, members],
    history: [base(), step('make', second)],
    config: { created: dated(second) },
  });

  test.each<[title: string, a: ImageParts, b: ImageParts, kinds: string[], titles: string[]]>([
    ['nothing', upper([file('a')]), upper([file('a')]), [], []],
    [
      'built later',
      upper([file('a', 'x', at(1)), file('b', 'x', at(1))], 1),
      upper([file('a', 'x', at(2)), file('b', 'x', at(2))], 2),
      ['times', 'dates'],
      ['the times of 2 files', 'when they were built: dates in the config'],
    ],
    [
      'chmod and chown, seen under another umask',
      upper([file('a'), file('b', 'x', { mode: 0o600 })]),
      upper([file('a', 'x', { uid: 7 }), file('b', 'x', { mode: 0o640 })]),
      ['attributes'],
      ['attributes of files: mode of 1, owner of 1'],
    ],
    [
      'an attribute, and a file with other content besides',
      upper([file('a'), file('b', 'one')]),
      upper([file('a', 'x', { pax: { 'SCHILY.xattr.user.a': 'b' } }), file('b', 'two'), file('c')]),
      ['content', 'attributes'],
      ['files: 1 added, 1 with other content', 'attributes of files: xattr of 1'],
    ],
    [
      'another type',
      upper([file('a', '')]),
      upper([{ name: 'a', type: 'symlink', linkname: 'b' }]),
      ['content'],
      ['files: 1 with other content'],
    ],
    [
      'config alone',
      upper([file('a')]),
      { ...upper([file('a')]), config: { created: dated(0), config: { User: '5', Env: ['A=1'] } } },
      ['config'],
      ['config: config.Env[A], config.User'],
    ],
    [
      'a base that moved',
      upper([file('a')]),
      { ...upper([file('a')]), layers: [[file('etc/os', 'new')], [file('a')]] },
      ['base', 'content'],
      ['they stand on different base images', 'files: 1 with other content'],
    ],
    [
      'one step more, whose date is no matter',
      upper([file('a')]),
      { ...upper([file('a')]), history: [base(), step('make'), { ...step('x', 5), empty_layer: true }] },
      ['config'],
      ['config: the history (1 entry)'],
    ],
    [
      'the same files in one layer instead of two',
      { layers: [low, [file('a')], [file('b')]], history: [base(), step('one'), step('two')] },
      { layers: [low, [file('a'), file('b')]], history: [base(), step('both')] },
      ['layers', 'config'],
      ['the same files, put into layers in another way', 'config: the history (2 entries)'],
    ],
    [
      'another machine',
      upper([file('a')]),
      { ...upper([file('a')]), config: { architecture: 'arm64', variant: 'v8', created: dated(0) } },
      ['platform'],
      ['they are for different machines: architecture amd64 and arm64, variant unsaid and v8'],
    ],
  ])('%s', async (_title, a, b, kinds, titles) => {
    const { reasons, isSame } = await compare(a, b);
    expect(isSame).toBe(kinds.length === 0);
    expect(reasons.map(({ kind }: { kind: string }) => kind)).toEqual(kinds);
    expect(reasons.map(({ title }: { title: string }) => title)).toEqual(titles);
  });

  test('a rebuild is told to be one but for its times, layer by layer', async () => {
    const parts = (second: number): ImageParts => ({
      layers: [low, [file('a', 'x', at(second))], [file('b', 'x', at(second))], [file('c')]],
      history: [base(), step('a', second), step('b', second), step('c', second)],
    });
    const { stdout } = await strata(['diff', await image(parts(1)), await image(parts(2))]);
    expect(stdout.split('\n').slice(3)).toEqual([
      'They are different images, in times alone:',
      '  - the times of 2 files',
      '    → build with SOURCE_DATE_EPOCH and --output …,rewrite-timestamp=true',
      '  - when they were built: dates in the config',
      '    → build with SOURCE_DATE_EPOCH',
      '',
      'Layers',
      expect.stringMatching(/^ {2}1 shared of 4 in A and 4 in B: /),
      expect.stringMatching(/^ {2}not shared: /),
      '  they part at layer 1:',
      expect.stringMatching(/^ {4}A [0-9a-f]{12} RUN a$/),
      expect.stringMatching(/^ {4}B [0-9a-f]{12} RUN a$/),
      '    in it: 1 changed (time of 1)',
      '  layer 2 differs too: RUN b',
      '    in it: 1 changed (time of 1)',
      '',
      'Files  0 added, 0 removed, 2 changed',
      '  ~ /a  time 1970-01-01T00:00:01Z → 1970-01-01T00:00:02Z',
      '  ~ /b  time 1970-01-01T00:00:01Z → 1970-01-01T00:00:02Z',
      '',
      'Config  3 fields differ',
      '  created of 3 history entries',
      '',
    ]);
  });
});
