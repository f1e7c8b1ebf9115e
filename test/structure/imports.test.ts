import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  folderOf,
  type Import,
  importChain,
  importedNames,
  importsBelow,
  projectDir,
  sourceFiles,
} from './imports.ts';
import { doors, onlyImportedBy, onlyImports, rankOf, ranks } from './ranks.ts';

const imports = importsBelow('src');

describe('the scanner sees', () => {
  test.each<[title: string, source: string, names: string[]]>([
    ['a named import', "import { a } from './a.ts';", ['./a.ts']],
    ['an import over several lines', "import {\n  a,\n  b,\n} from './a.ts';", ['./a.ts']],
    ['a type-only import', "import type { A } from './a.ts';", ['./a.ts']],
    ['an import for its effect', "import './a.ts';", ['./a.ts']],
    [
      'an export from elsewhere',
      "export { a } from './a.ts';\nexport * from './b.ts';",
      ['./a.ts', './b.ts'],
    ],
    ['a dynamic import', "const a = await import('./a.ts');", ['./a.ts']],
    ['an import in a type', "type A = import('./a.ts').A;", ['./a.ts']],
    ['double quotes', 'import { a } from "./a.ts";', ['./a.ts']],
    ['no import in a comment', "// from './a.ts'\n/* import './b.ts' */", []],
    ['no import in a sentence', "const text = `copied from 'a place'`;", []],
  ])('%s', (_title, source, names) => {
    expect(importedNames(source).map((found) => found.name)).toEqual(names);
  });

  test('the line of the module name', () => {
    expect(importedNames("/* one\n two */\nimport {\n  a,\n} from './a.ts';")).toEqual([
      { name: './a.ts', line: 5 },
    ]);
  });
});

describe('the ranks of src', () => {
  test('every folder has one', () => {
    const folders = new Set(sourceFiles('src').flatMap((file) => folderOf(file) ?? []));
    expect([...folders].filter((folder) => rankOf(folder) === undefined)).toEqual([]);
  });

  test('imports go to lower ranks only', () => {
    expect(imports.flatMap((found) => complaint(found) ?? [])).toEqual([]);
  });

  test('no file comes back to itself by its imports', () => {
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (file: string, way: readonly string[]): void => {
      if (way.includes(file)) circles.push([...way.slice(way.indexOf(file)), file].join(' → '));
      if (way.includes(file) || done.has(file)) return;
      for (const { from, to } of imports) if (from === file) visit(to, [...way, file]);
      done.add(file);
    };
    for (const file of sourceFiles('src')) visit(file, []);
    expect(circles).toEqual([]);
  });

  test('an import of a higher rank is a complaint that shows the way back', () => {
    const cycle: Import[] = [
      { from: 'src/core/digest.ts', line: 3, to: 'src/tar/header.ts', isPackage: false },
      { from: 'src/tar/header.ts', line: 1, to: 'src/tar/pax.ts', isPackage: false },
      { from: 'src/tar/pax.ts', line: 2, to: 'src/core/digest.ts', isPackage: false },
    ];
    expect(cycle.flatMap((found) => complaint(found, cycle) ?? [])).toEqual([
      'src/core/digest.ts:3 imports src/tar/header.ts, but core (rank 0) stands below tar (rank 1)\n' +
        '  and it comes back: src/tar/header.ts → src/tar/pax.ts → src/core/digest.ts',
    ]);
  });

  test('packages with one door are imported there only', () => {
    const intruders = imports.filter(({ from, to, isPackage }) => {
      const allowed = doors[to];
      return isPackage && allowed !== undefined && !allowed.includes(folderOf(from) ?? '');
    });
    expect(intruders.map(({ from, line, to }) => `${from}:${line} imports ${to}`)).toEqual([]);
  });

  test('docs/ARCHITECTURE.md shows the same table', () => {
    const text = readFileSync(join(projectDir, 'docs/ARCHITECTURE.md'), 'utf8');
    const section = text.slice(text.indexOf('## Folders and ranks'), text.indexOf('## Central ideas'));
    const rows = [...section.matchAll(/^\| (\d+) +\| ([a-z ]+?) *\|$/gm)].map(([, rank, folders]) => ({
      rank: Number(rank),
      folders: folders?.split(' '),
    }));
    expect(rows).toEqual(ranks.map((folders, rank) => ({ rank, folders })));
  });

  test('docs name files that there are', () => {
    const roots = ['', 'src', 'test'];
    const missing = readdirSync(join(projectDir, 'docs')).flatMap((page) => {
      const text = readFileSync(join(projectDir, 'docs', page), 'utf8');
      const named = [...text.matchAll(/`((?:[a-z-]+\/)+[a-z-]+(?:\.test)?(?:\.ts)?)`/g)].map(
        ([, path]) => path ?? '',
      );
      const isOurs = (path: string) =>
        roots.some((root) => existsSync(join(projectDir, root, path.replace(/\/.*/, ''))));
      const isThere = (path: string) =>
        ['', '.ts', '.test.ts'].some((end) =>
          roots.some((root) => existsSync(join(projectDir, root, path + end))),
        );
      return named.filter((path) => isOurs(path) && !isThere(path)).map((path) => `docs/${page}: ${path}`);
    });
    expect(missing).toEqual([]);
  });
});

/** Why an import breaks the rank rule, or undefined when it does not. */
function complaint(found: Import, all: readonly Import[] = imports): string | undefined {
  const from = folderOf(found.from);
  const to = folderOf(found.to);
  if (found.isPackage || from === undefined || to === undefined || from === to) return undefined;
  const place = `${found.from}:${found.line} imports ${found.to}`;
  if (onlyImports[from]?.includes(to) === false) {
    return `${place}, but ${from} may import only ${onlyImports[from].join(', ')}`;
  }
  if (onlyImportedBy[to]?.includes(from) === false) {
    return `${place}, but only ${onlyImportedBy[to].join(', ')} may import ${to}`;
  }
  const fromRank = rankOf(from) ?? -1;
  const toRank = rankOf(to) ?? Number.POSITIVE_INFINITY;
  if (toRank < fromRank) return undefined;
  const relation = toRank === fromRank ? 'stands beside' : 'stands below';
  const back = importChain(all, found.to, found.from);
  const way = back === undefined ? '' : `\n  and it comes back: ${back.join(' → ')}`;
  return `${place}, but ${from} (rank ${fromRank}) ${relation} ${to} (rank ${toRank})${way}`;
}
