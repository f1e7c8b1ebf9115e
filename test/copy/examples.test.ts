import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openFolder } from '../../src/context/folder.ts';
import { placeFiles } from '../../src/copy/place.ts';
import { selectFiles } from '../../src/copy/select/select.ts';
import { StrataError } from '../../src/core/errors.ts';
import type { FileTree } from '../../src/core/file-tree.ts';
import { applyEntries, difference, linesOfTree, makeTree } from './tree-text.ts';

interface Case {
  readonly args: string;
  readonly from: string;
  readonly onto: string;
  readonly want: readonly string[];
}

const fixtures = new URL('../../fixtures/copy/', import.meta.url);
const scratch = mkdtempSync(join(tmpdir(), 'strata-copy-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const createdAt = { seconds: 1_700_000_000, nanoseconds: 0 };

function readFixture(file: string): { trees: Map<string, string[]>; cases: Case[] } {
  const trees = new Map<string, string[]>([['empty', []]]);
  const cases: Case[] = [];
  const text = readFileSync(new URL(file, fixtures), 'utf8').replace(/^#.*\n/gm, '');
  for (const section of text.split(/^(?=\[)/m)) {
    const [, kind, name = ''] = /^\[(source|tree|cases) ?(\w*)\]\n/.exec(section) ?? [];
    const body = section.replace(/^\[.*\]\n/, '');
    if (kind === 'cases')
      cases.push(
        ...body
          .split(/\n{2,}/)
          .filter((c) => c.trim() !== '')
          .map(readCase),
      );
    else if (kind !== undefined) trees.set(kind === 'source' ? `source ${name}` : name, linesIn(body));
  }
  return { trees, cases };
}

function readCase(text: string): Case {
  const [first = '', ...rest] = linesIn(text);
  const word = (key: string): string | undefined => rest.find((l) => l.startsWith(`${key} `))?.slice(5);
  return {
    args: first.replace(/^COPY /, ''),
    from: `source ${word('from') ?? ''}`,
    onto: word('onto') ?? 'empty',
    want: rest.filter((l) => !/^(?:from|onto) /.test(l)),
  };
}

function linesIn(text: string): string[] {
  return text.split('\n').filter((l) => l !== '');
}

async function copy(args: string, source: FileTree, below: FileTree): Promise<string[]> {
  const words = args.split(' ');
  const flags = words.filter((word) => word.startsWith('--'));
  const value = (flag: string): string | undefined =>
    flags.find((f) => f.startsWith(`${flag}=`))?.slice(flag.length + 1);
  const paths = words.filter((word) => !word.startsWith('--'));
  const dest = paths.pop() ?? '';
  const before = linesOfTree(below);
  try {
    const selection = await selectFiles(source, {
      sources: paths,
      keepsParents: flags.includes('--parents'),
      excludes: flags.filter((f) => f.startsWith('--exclude=')).map((f) => f.slice('--exclude='.length)),
      heredocs: [],
    });
    const entries = placeFiles(selection, below, {
      dest,
      owner: value('--chown'),
      mode: value('--chmod'),
      isLink: flags.includes('--link'),
      createdAt,
    });
    return difference(before, applyEntries(before, entries));
  } catch (error) {
    if (error instanceof StrataError) return [`error ${error.code}`];
    throw error;
  }
}

for (const file of ['examples.txt', 'sources.txt', 'escapes.txt', 'destinations.txt']) {
  const { trees, cases } = readFixture(file);
  const made = new Map<string, FileTree>();
  for (const [name, lines] of trees) {
    const directory = join(scratch, file, name);
    mkdirSync(directory, { recursive: true });
    makeTree(directory, lines);
    made.set(name, openFolder(directory, { uidGid: 'keep' }));
  }
  describe(file, () => {
    for (const { args, from, onto, want } of cases) {
      it(`COPY ${args}${onto === 'empty' ? '' : ` onto ${onto}`}`, async () => {
        const [source, below] = [made.get(from), made.get(onto)];
        if (source === undefined || below === undefined) throw new Error(`no tree ${from} or ${onto}`);
        expect(await copy(args, source, below)).toEqual([...want].sort(byMinus));
      });
    }
  });
}

/** Expected lines may stand in any order; gone paths come last, as `difference` has them. */
function byMinus(a: string, b: string): number {
  const [first, second] = [a.startsWith('- '), b.startsWith('- ')];
  if (first !== second) return first ? 1 : -1;
  return a < b ? -1 : 1;
}
