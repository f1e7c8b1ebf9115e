import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openFolder } from '../../../src/context/folder.ts';
import { compileIgnore } from '../../../src/context/patterns/ignore.ts';
import { expandWildcard, hasWildcard } from '../../../src/copy/select/wildcard.ts';
import { bytePathFromText, bytePathToFs } from '../../../src/core/byte-path.ts';
import { StrataError } from '../../../src/core/errors.ts';

const rows = readFileSync(new URL('../../../fixtures/copy/wildcards.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('# '))
  .map((line) => line.split('\t') as [string, string, string]);

const scratch = mkdtempSync(join(tmpdir(), 'strata-wildcard-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** A tree with files of these names and nothing else. */
function treeOf(directory: string, paths: readonly string[]) {
  mkdirSync(join(scratch, directory));
  for (const path of paths) {
    const whole = `${bytePathFromText(join(scratch, directory))}/${path}`;
    mkdirSync(bytePathToFs(dirname(whole)), { recursive: true });
    writeFileSync(bytePathToFs(whole), '');
  }
  return join(scratch, directory);
}

describe('the table of the reference', () => {
  it('is whole', () => expect(rows.length).toBe(42));

  for (const [index, [pattern, path, want]] of rows.entries()) {
    it(`${pattern} on ${path}: ${want}`, async () => {
      const tree = openFolder(treeOf(`row-${index}`, [bytePathFromText(path)]), { uidGid: 'keep' });
      if (want === 'error') {
        await expect(expandWildcard(tree, pattern)).rejects.toMatchObject({ code: 'bad-pattern' });
      } else {
        // A pattern without an active wildcard is never asked; the class makes every row active.
        const active = hasWildcard(pattern) ? pattern : `${pattern.slice(0, -1)}[${pattern.slice(-1)}]`;
        const matches = await expandWildcard(tree, active);
        expect(matches.includes(bytePathFromText(path))).toBe(want === 'yes');
      }
    });
  }
});

describe('what a wildcard finds', () => {
  const names = [
    'b',
    'a-b/x',
    'a/x',
    'a/y',
    'a.b/x',
    '.hidden',
    bytePathFromText('é'),
    'ding\xff',
    'sp ace',
    'line\nend',
    '-x',
    '!x',
  ];
  const directory = treeOf('found', names);
  symlinkSync('a', join(directory, 'link'));
  symlinkSync('nowhere', join(directory, 'dangling'));
  const tree = openFolder(directory, { uidGid: 'keep' });
  const table: [title: string, pattern: string, want: string[]][] = [
    ['lexical order in each directory, component by component', 'a*/x', ['a/x', 'a-b/x', 'a.b/x']],
    ['dotfiles', '.h*', ['.hidden']],
    ['a character, not a byte', '?', ['a', 'b', bytePathFromText('é')]],
    ['a name that is not UTF-8', 'ding?', ['ding\xff']],
    ['names that mean something to a glob', '?x', ['!x', '-x']],
    ['blanks and line ends', '[sl]*e*', ['line\nend', 'sp ace']],
    ['symlinks are named', '[ld]*n*k', ['link']],
    ['and not entered', 'li*/x', []],
    ['a symlink before the wildcard is resolved', 'link/*', ['a/x', 'a/y']],
    ['two stars are one', '**/y', ['a/y']],
    ['a file is no directory', 'b*/x', []],
  ];
  for (const [title, pattern, want] of table) {
    it(title, async () => {
      expect(await expandWildcard(tree, pattern)).toEqual(want);
    });
  }

  it('a part before it that is not there is an error', async () => {
    await expect(expandWildcard(tree, 'zzz/*')).rejects.toMatchObject({ code: 'source-not-found' });
  });

  it('nothing that is ignored', async () => {
    const ignoring = openFolder(directory, { uidGid: 'keep', ignore: compileIgnore('a*\n!a/y') });
    expect(await expandWildcard(ignoring, '*/*')).toEqual(['a/y']);
  });
});

describe('whether there is a wildcard', () => {
  const table: [source: string, want: boolean][] = [
    ['a*b', true],
    ['a?', true],
    ['a[b]', true],
    ['a\\*b', false],
    ['a\\\\*b', true],
    ['a]b', false],
    ['', false],
    ['\\[x\\]', false],
  ];
  for (const [source, want] of table) it(source, () => expect(hasWildcard(source)).toBe(want));
});

it('a bad pattern says which', async () => {
  const tree = openFolder(scratch, { uidGid: 'keep' });
  const failure = await expandWildcard(tree, 'x/[').catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(StrataError);
  expect((failure as StrataError).message).toBe('"x/[": syntax error in pattern "["');
});

/** The rules of Go's filepath.Match on one component, the slow way: a referee. */
function matchSlowly(pattern: string, name: string): boolean {
  const [char = '', ...others] = pattern;
  const rest = others.join('');
  if (char === '') return name === '';
  if (char === '*') return [...`${name}.`].some((_, at) => matchSlowly(rest, name.slice(at)));
  if (name === '') return false;
  if (char === '?') return matchSlowly(rest, name.slice(1));
  if (char === '\\') return name[0] === rest[0] && matchSlowly(rest.slice(1), name.slice(1));
  if (char === '[') {
    const end = rest.indexOf(']', 1);
    return rest.slice(0, end).includes(name[0] ?? '') && matchSlowly(rest.slice(end + 1), name.slice(1));
  }
  return char === name[0] && matchSlowly(rest, name.slice(1));
}

it('finds what the rules match, whatever the glob makes of it', async () => {
  const names = [
    'a',
    'b',
    'ab',
    '.a',
    'a.b',
    '[a',
    'a{1}',
    '!b',
    '+(a)',
    'a,b',
    '~',
    '$a',
    '@(a|b)',
    '\\',
    'a*',
  ];
  const paths = names.flatMap((first) => names.map((second) => `${first}/${second}`));
  const tree = openFolder(treeOf('law', paths), { uidGid: 'keep' });
  const pieces = [
    'a',
    'b',
    '.',
    '[[]',
    '[ab!]',
    '{',
    '1',
    '}',
    '!',
    '+(',
    ')',
    ',',
    '~',
    '@',
    '|',
    '*',
    '?',
    '\\*',
    '\\\\',
  ];
  const component = fc
    .array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 4 })
    .map((chosen) => chosen.join(''))
    .filter((text) => !/^\.+$/.test(text));
  let found = 0;
  await fc.assert(
    fc.asyncProperty(component, component, async (first, second) => {
      const patterns = [`*${first}`, second] as const;
      const want = paths.filter((path) =>
        path.split('/').every((name, at) => matchSlowly(patterns[at] ?? '', name)),
      );
      found += want.length;
      expect((await expandWildcard(tree, patterns.join('/'))).toSorted()).toEqual(want.toSorted());
    }),
    { seed: 7, numRuns: 400 },
  );
  expect(found).toBeGreaterThan(200);
});
