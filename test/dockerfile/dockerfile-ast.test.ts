import { readdirSync, readFileSync } from 'node:fs';
import { DockerfileParser } from 'dockerfile-ast';
import { describe, expect, test } from 'vitest';
import { SourceText } from '../../src/core/source/span.ts';
import { parseDockerfile } from '../../src/dockerfile/parse-dockerfile.ts';
import { decodeDockerfile } from '../../src/dockerfile/text/decode.ts';
import { variablePlace } from '../../src/dockerfile/words/variable-place.ts';

// A second opinion on where instructions begin and end, and the reasons why it is only that: each case
// below is one where the package reads something else than the language means.
const departures = new Map([
  ['continuation-backtick', 'two escape characters do not continue a line'],
  ['continuation-end-of-file-comment', 'a final line feed is no line'],
  ['continuation-first-line', 'an escape character alone continues, also above the instruction'],
  ['continuation-in-keyword', 'a comment may stand inside a continued name'],
  ['continuation-three-escapes', 'the rule for escapes looks back one character'],
  ['continuation-two-escapes', 'two escape characters do not continue a line'],
  ['file-lone-cr', 'a carriage return alone ends no line'],
  ['file-several-cr', 'a carriage return alone ends no line'],
  ['file-unicode-indent', 'every Unicode space indents'],
  ['heredoc-blanks', 'a blank may follow <<, and a delimiter may hold one'],
  ['heredoc-escape-directive', 'the escape directive does not reach heredocs'],
  ['heredoc-names', 'delimiters are words with quotes and escapes'],
  ['heredoc-not', 'a line with an open quote has no heredocs'],
  ['heredoc-several', 'a heredoc may have a file descriptor'],
  ['instruction-odd-blanks', 'vertical tab and form feed separate words'],
]);

const folder = new URL('../../fixtures/dockerfiles/', import.meta.url);
const readable = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
  if (!entry.isDirectory()) return [];
  const text = decodeDockerfile(readFileSync(new URL(`${entry.name}/Dockerfile`, folder)));
  const { dockerfile, diagnostics } = parseDockerfile(new SourceText('Dockerfile', text));
  return dockerfile === undefined || diagnostics.length > 0 ? [] : [{ name: entry.name, text, dockerfile }];
});

describe('dockerfile-ast and the parser on instructions and their places', () => {
  test.each(readable)('$name', ({ name, text, dockerfile }) => {
    const { source, globalArgs, stages } = dockerfile;
    const ours = [...globalArgs, ...stages.flatMap(({ from, body }) => [from, ...body])].map(
      ({ keyword, span }) => {
        const start = source.position(span.start);
        const end = source.position(span.end);
        return `${keyword.raw.toUpperCase()} ${start.line}:${start.column}-${end.line}:${end.column}`;
      },
    );
    const theirs = DockerfileParser.parse(text)
      .getInstructions()
      .map((instruction) => {
        const { start, end } = instruction.getRange();
        return `${instruction.getKeyword()} ${start.line + 1}:${start.character + 1}-${end.line + 1}:${end.character + 1}`;
      });
    if (departures.has(name)) expect(theirs).not.toEqual(ours);
    else expect(theirs).toEqual(ours);
  });

  test('every departure is a case', () => {
    const names = readable.map(({ name }) => name);
    expect([...departures.keys()].filter((name) => !names.includes(name))).toEqual([]);
  });
});

describe('where a variable stands in a word', () => {
  test.each<[text: string, name: string, want: string]>([
    ['FROM a:$V', 'V', '1:9-10'],
    [`FROM a:\${VERSION:-1}`, 'VERSION', '1:10-17'],
    ['FROM "a:$V"', 'V', '1:10-11'],
    ['FROM $A$B', 'B', '1:9-10'],
    ['FROM a\\\n$V', 'V', '2:2-3'],
    ['# escape=`\nFROM a`\n$V', 'V', '3:2-3'],
    // Not found: the word
    [`FROM \${A:-$B}`, 'B', '1:6-14'],
    ['FROM $é', 'é', '1:6-8'],
    ['FROM a\rb$V', 'V', '1:6-7'],
    [`FROM \${V`, 'V', '1:6-9'],
  ])('%j %s', (text, name, want) => {
    const { dockerfile } = parseDockerfile(new SourceText('Dockerfile', text));
    if (dockerfile === undefined) throw new Error('no stage');
    const image = dockerfile.stages[0]?.from.image;
    const { start, end } =
      image === undefined ? { start: 0, end: 0 } : variablePlace(dockerfile, image, name);
    const from = dockerfile.source.position(start);
    const to = dockerfile.source.position(end);
    expect(`${from.line}:${from.column}-${to.column}`).toBe(want);
  });
});
