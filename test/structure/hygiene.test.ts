import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectDir, sourceFiles } from './imports.ts';

/** Everything git knows, and what it would take up. */
const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: projectDir,
  encoding: 'utf8',
})
  .split('\0')
  .filter((file) => file !== '' && lstatSync(join(projectDir, file), { throwIfNoEntry: false })?.isFile());

const texts = files
  .map((file) => [file, readFileSync(join(projectDir, file), 'latin1')] as const)
  .filter(([, text]) => !text.includes('\0'));

describe('the repository', () => {
  test('has no source file over 500 lines', () => {
    const long = sourceFiles('src')
      .map((file) => [file, readFileSync(join(projectDir, file), 'utf8').split('\n').length - 1] as const)
      .filter(([, lines]) => lines > 500);
    expect(long).toEqual([]);
  });

  // Spelled in pieces, so that this file does not find itself.
  test.each<[title: string, pattern: RegExp]>([
    ["a developer's folders", new RegExp(`${'/wo'}rk/(main|shared)|${'/Use'}rs/[a-z]|${'bash_'}jobs`)],
    [
      'where packages were fetched from',
      new RegExp(`"${'reso'}lved": *"http|regis${'try.'}npmjs|re${'gistry='}https?:`),
    ],
    [
      'a package archive of some distribution',
      new RegExp(`https?://[a-z.]*(${'deb'}ian|ubu${'ntu'})\\.(org|com)`),
    ],
    ['a left-over of a merge', new RegExp(`^${'<<<'}<<<< |^${'>>>'}>>>> `, 'm')],
    ['work left for later', new RegExp(`\\b${'TO'}DO\\b|\\b${'FIX'}ME\\b|\\b${'XX'}X\\b`)],
  ])('does not hold %s', (_title, pattern) => {
    const found = texts.flatMap(([file, text]) => {
      const match = pattern.exec(text);
      return match === null ? [] : [`${file}:${text.slice(0, match.index).split('\n').length}: ${match[0]}`];
    });
    expect(found).toEqual([]);
  });

  test('has no test that runs alone or not at all', () => {
    const switched = texts.filter(
      ([file, text]) => file.endsWith('.test.ts') && /\b(test|it|describe)\.(only|skip|todo)\b/.test(text),
    );
    // This file names them.
    expect(switched.map(([file]) => file).filter((file) => !file.endsWith('hygiene.test.ts'))).toEqual([]);
  });
});
