import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectDir, sourceFiles } from './imports.ts';

const declaration =
  /^export (?:(?:async )?function *\*? *(\w+)|const (\w+)(?:: [^=]+)? = (?:async )?(?:\w+ =>|\(|<))/;

/** The functions a source exports without a word on what they mean, throw or count in. */
function undocumented(source: string): string[] {
  const lines = source.split('\n');
  return lines.flatMap((line, index) => {
    const [, name, constant] = declaration.exec(line) ?? [];
    const found = name ?? constant;
    const isSaid = lines[index - 1]?.trimEnd().endsWith('*/') === true;
    return found === undefined || isSaid ? [] : [found];
  });
}

describe('the search for docstrings', () => {
  test.each<[title: string, source: string, found: string[]]>([
    ['a function', 'export function a() {}', ['a']],
    ['one that waits', '\nexport async function a() {}', ['a']],
    ['one that yields', 'export function* a() {}\nexport async function *b() {}', ['a', 'b']],
    ['one that is a value', 'export const a = (x: number) => x;\nexport const b = async y => y;', ['a', 'b']],
    ['one of a named type', 'export const a: Shape<string> = (value) => value;', ['a']],
    ['one that is general', 'export function a<T>(x: T) {}\nexport const b = <T>(x: T) => x;', ['a', 'b']],
    [
      'none that has one',
      '/** Adds. */\nexport function a() {}\n/**\n * Adds.\n */\nexport const b = () => 1;',
      [],
    ],
    ['one that has its comment elsewhere', '/** Adds. */\n\nexport function a() {}', ['a']],
    [
      'none that is no function or not exported',
      'export const a = 1;\nfunction b() {}\nexport type C = () => 1;',
      [],
    ],
  ])('finds %s', (_title, source, found) => {
    expect(undocumented(source)).toEqual(found);
  });
});

test('an exported function says what it means', () => {
  const found = sourceFiles('src').flatMap((file) =>
    undocumented(readFileSync(join(projectDir, file), 'utf8')).map((name) => `${file}: ${name}`),
  );
  expect(found).toEqual([]);
});
