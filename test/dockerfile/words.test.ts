import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { heredocContent } from '../../src/dockerfile/text/heredoc.ts';
import { type Expansion, expandFields, expandWord } from '../../src/dockerfile/words/expand.ts';
import type { EscapeChar } from '../../src/dockerfile/words/lex-state.ts';

const folder = new URL('../../fixtures/words/', import.meta.url);

interface Row {
  readonly title: string;
  readonly escapeChar: EscapeChar;
  readonly input: string;
  readonly output: string;
  readonly env: ReadonlyMap<string, string>;
}

function readTable(file: string): Row[] {
  const env = new Map<string, string>();
  const rows: Row[] = [];
  for (const [index, line] of readFileSync(new URL(file, folder), 'utf8').split('\n').entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const [, name, value] = /^env ([^=]+)=(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) {
      env.set(name, value);
      continue;
    }
    const [escapeChar = '', input = '', output = '', ...more] = line.split(' | ');
    if (more.length > 0 || (escapeChar !== '\\' && escapeChar !== '`'))
      throw new Error(`${file}:${index + 1}: not a row`);
    rows.push({
      title: `${file}:${index + 1} ${input}`,
      escapeChar,
      input: visible(input),
      output: visible(output),
      env,
    });
  }
  return rows;
}

function visible(text: string): string {
  return text.replaceAll('⏎', '\n').replaceAll('⇥', '\t').replaceAll('␠', ' ').replace(/^∅$/, '');
}

function resultOf(expansion: Expansion): string {
  return expansion.ok ? expansion.value : `! ${expansion.message}`;
}

function expand(file: string, { input, escapeChar, env }: Row): string {
  const lookup = (name: string) => env.get(name);
  if (file === 'fields.txt') {
    const expanded = expandFields(input, lookup, escapeChar);
    return expanded.ok ? expanded.values.map((value) => `[${value}]`).join('') : `! ${expanded.message}`;
  }
  if (file === 'bodies.txt') {
    const span = { start: 0, end: 0 };
    const heredoc = {
      name: 'EOF',
      body: input,
      stripTabs: false,
      quoted: false,
      fileDescriptor: '',
      span,
      bodySpan: span,
    };
    return resultOf(heredocContent(heredoc, lookup));
  }
  return resultOf(expandWord(input, lookup, escapeChar));
}

const tables = readdirSync(folder).filter((name) => name.endsWith('.txt'));

describe.each(tables)('%s', (file) => {
  test.each(readTable(file))('$title', (row) => {
    const got = expand(file, row);
    if (row.output.startsWith('! ')) {
      expect(got).toMatch(/^! /);
      expect(got).toContain(row.output.slice(2));
    } else expect(got).toBe(row.output);
  });
});

describe('what an expansion tells besides its value', () => {
  const lookup = (name: string) => (name === 'A' ? '1' : undefined);

  test.each([
    ['names used while unset, each once, in order', `$U\${V:-d}$A$U\${W+x}`, ['U', 'V', 'W']],
    ['names inside a word that is not used', `\${A:-$U}`, ['U']],
    ['nothing for text', 'a b', []],
  ])('%s', (_title, input, want) => {
    const expansion = expandWord(input, lookup, '\\');
    expect(expansion.ok && expansion.unset).toEqual(want);
  });

  test.each([
    ['the open quote', 'ab"c', 2],
    ['the substitution', `abc\${A^^}`, 3],
    ['the inner substitution', `\${U:-\${B?x}}`, 5],
  ])('where it failed: %s', (_title, input, offset) => {
    expect(expandWord(input, lookup, '\\')).toMatchObject({ ok: false, offset });
  });

  test('nesting has an end', () => {
    const deep = `${`\${U:-`.repeat(5000)}x${'}'.repeat(5000)}`;
    expect(expandWord(deep, lookup, '\\')).toMatchObject({
      ok: false,
      message: expect.stringContaining('too deeply'),
    });
  });

  test('many stars in a pattern are matched in the time a test has', () => {
    const value = 'a'.repeat(20_000);
    const expansion = expandWord(`\${V//*a*a*a*a*b/x}`, () => value, '\\');
    expect(expansion).toMatchObject({ ok: true, value });
  });
});
