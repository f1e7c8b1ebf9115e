import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileIgnore } from '../../../src/context/patterns/ignore.ts';
import { compilePatterns } from '../../../src/context/patterns/pattern-list.ts';
import { bytePathFromText } from '../../../src/core/byte-path.ts';
import { DockerfileError } from '../../../src/core/errors.ts';
import { printDiagnostic } from '../../../src/core/source/diagnostic.ts';

const rows = readFileSync(new URL('../../../fixtures/ignore/table.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('# '))
  .map((line) => line.split('\t') as [string, string, string])
  .map(
    ([patterns, path, want]) =>
      [patterns.replaceAll('⏎', '\n').replaceAll('␠', ' '), bytePathFromText(path), want] as const,
  );

function problemsOf(text: string): readonly string[] {
  try {
    compileIgnore(text);
  } catch (error) {
    if (error instanceof DockerfileError)
      return error.diagnostics.map((d) => printDiagnostic(d).split('\n')[0] ?? '');
    throw error;
  }
  return [];
}

describe('the table of the reference', () => {
  it('is whole', () => expect(rows.length).toBe(146));

  for (const [patterns, path, want] of rows) {
    it(`${JSON.stringify(patterns)} on ${path}: ${want}`, () => {
      if (want === 'error') expect(problemsOf(patterns)).toHaveLength(1);
      else expect(compileIgnore(patterns).ignores(path)).toBe(want === 'yes');
    });
  }

  it('agrees with itself about what a walk may leave out', () => {
    for (const [patterns, path, want] of rows) {
      if (want !== 'no') continue;
      const rules = compileIgnore(patterns);
      const parts = path.split('/');
      for (let depth = 1; depth < parts.length; depth++) {
        const above = parts.slice(0, depth).join('/');
        expect(rules.mayContainKept(above), `${JSON.stringify(patterns)} below ${above}`).toBe(true);
      }
    }
  });
});

describe('what a walk may leave out', () => {
  const table: [title: string, patterns: string, directory: string, mayContainKept: boolean][] = [
    ['a kept directory', 'x', 'a', true],
    ['an ignored one without exceptions', 'a', 'a', false],
    ['what lies beneath it', 'a', 'a/b/c', false],
    ['an exception elsewhere', '*\n!keep/x', 'node_modules', false],
    ['an exception below', '*\n!keep/x', 'keep', true],
    ['an exception beside, at the same depth', '*\n!keep/x', 'keep/y', false],
    ['an exception two below', '*\n!a/*/c', 'a/q', true],
    ['an exception that any depth meets', '*\n!**/c', 'a/q', true],
    ['an exception with ** further down', '*\n!src/**/*.ts', 'src/deep/deeper', true],
    ['the same, elsewhere', '*\n!src/**/*.ts', 'lib', false],
    ['a class that crosses a slash', '*\n!a[^x]b', 'a', true],
    ['an exception for the directory itself, undone later', '!a\na', 'a', false],
  ];
  for (const [title, patterns, directory, want] of table) {
    it(title, () => expect(compileIgnore(patterns).mayContainKept(directory)).toBe(want));
  }
});

describe('lines', () => {
  const table: [title: string, text: string, path: string, ignored: boolean][] = [
    ['a byte order mark is dropped', '\ufefffoo', 'foo', true],
    ['only on the first line', 'x\n\ufefffoo', '\ufefffoo', false],
    ['carriage returns vanish', 'a\r\nb\r\n', 'b', true],
    ['blank lines and comments are nothing', '\n  \n#a\n', 'a', false],
    ['only one ! is taken', '*\n!!x', '!x', false],
    ['a brace is itself beside a wildcard', 'a{2}*', 'a{2}b', true],
    ['and repeats nothing', 'a{2}*', 'aa', false],
    ['a bar is itself beside a wildcard', 'a|b*', 'b', false],
    ['a star in a class is itself', '[*]', 'ab', false],
    ['the empty text ignores nothing', '', 'a', false],
    ['a name with a line end is one component', '**/x', 'a\nb/x', true],
  ];
  for (const [title, text, path, want] of table) {
    it(title, () => expect(compileIgnore(text).ignores(bytePathFromText(path))).toBe(want));
  }

  it('a name that is not UTF-8 is matched by wildcards', () => {
    expect(compileIgnore('a?c').ignores('a\xffc')).toBe(true);
    expect(compileIgnore('*.o').ignores('\xe9.o')).toBe(true);
  });

  it('every bad line is reported with its place', () => {
    expect(problemsOf('ok\n  [x\nfine\n!')).toEqual([
      '.dockerignore:2:3: error: syntax error in pattern "[x" [bad-ignore-pattern]',
      '.dockerignore:4:1: error: illegal exclusion pattern "!" [bad-ignore-pattern]',
    ]);
  });
});

describe('which rule it was', () => {
  const rules = compileIgnore('# comment\n*.md\n!README.md\n\n  secret  \nREADME*', 'app.dockerignore');
  const table: [path: string, want: string | undefined][] = [
    ['a.md', 'app.dockerignore line 2: *.md'],
    ['secret/key', 'app.dockerignore line 5: secret'],
    ['README.md', 'app.dockerignore line 6: README*'],
    ['main.c', undefined],
  ];
  for (const [path, want] of table) {
    it(path, () => {
      const rule = rules.explain(path);
      expect(rule && `${rule.file} line ${rule.line}: ${rule.pattern}`).toBe(want);
    });
  }
  it('an exception is no rule that ignores', () => {
    expect(compileIgnore('*\n!x').explain('x')).toBeUndefined();
  });
});

describe('lists of patterns for flags', () => {
  it('say where something below may be decided otherwise', () => {
    const parents = compilePatterns(['src/*/x.go'], '--parents');
    expect(['', 'src', 'src/a', 'src/a/b', 'lib'].map((d) => parents.mayDifferBelow(d))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });
  it('name the flag when a pattern is bad', () => {
    expect(() => compilePatterns(['ok', '['], '--exclude')).toThrow('--exclude: syntax error in pattern "["');
  });
});

describe('laws', () => {
  const piece = fc.constantFrom('a', 'b', '*', '**', '?', '[ab]', '[^a]', '/', '/', '\\*');
  const pattern = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(''));
  const lines = fc.array(fc.tuple(fc.boolean(), pattern), { minLength: 1, maxLength: 5 });
  const path = fc.array(fc.constantFrom('a', 'b', 'ab', '*', 'ba'), { minLength: 2, maxLength: 5 });

  it('a walk that leaves out what it may leaves out nothing that is kept', () => {
    fc.assert(
      fc.property(lines, path, (rules, names) => {
        const compiled = compileIgnore(
          rules.map(([isException, text]) => (isException ? `!${text}` : text)).join('\n'),
        );
        if (compiled.ignores(names.join('/'))) return;
        for (let depth = 1; depth < names.length; depth++) {
          expect(compiled.mayContainKept(names.slice(0, depth).join('/'))).toBe(true);
        }
      }),
      { seed: 5, numRuns: 5000 },
    );
  });

  it('the order in which paths are asked for changes nothing', () => {
    fc.assert(
      fc.property(lines, path, (rules, names) => {
        const text = rules.map(([isException, one]) => (isException ? `!${one}` : one)).join('\n');
        const asked = names.map((_, depth) => names.slice(0, depth + 1).join('/'));
        const [down, up] = [compileIgnore(text), compileIgnore(text)];
        const answers = asked.map((one) => down.ignores(one));
        expect(asked.toReversed().map((one) => up.ignores(one))).toEqual(answers.toReversed());
      }),
      { seed: 6, numRuns: 1000 },
    );
  });
});
