import { describe, expect, test } from 'vitest';
import { SourceText } from '../../src/core/source/span.ts';
import { parseDockerfile } from '../../src/dockerfile/parse-dockerfile.ts';

function codes(text: string): string[] {
  return parseDockerfile(new SourceText('Dockerfile', text)).diagnostics.map(({ code }) => code);
}

const max = 65_535;

describe('a physical line has at most 65,535 bytes', () => {
  test.each([
    ['as many as allowed', `FROM scratch\nRUN ${'x'.repeat(max - 4)}\n`, []],
    ['one more', `FROM scratch\nRUN ${'x'.repeat(max - 3)}\n`, ['line-too-long']],
    ['without a final line feed', `FROM scratch\nRUN ${'x'.repeat(max - 3)}`, ['line-too-long']],
    ['the carriage return counts', `FROM scratch\nRUN ${'x'.repeat(max - 4)}\r\n`, ['line-too-long']],
    ['bytes count, not characters', `FROM scratch\nRUN ${'é'.repeat(max / 2)}\n`, ['line-too-long']],
    ['in a comment', `#${'x'.repeat(max)}\nFROM scratch\n`, ['line-too-long']],
    [
      'in a heredoc body, reported as what it is',
      `FROM scratch\nRUN <<EOF\n${'x'.repeat(max + 1)}\nEOF\n`,
      ['line-too-long'],
    ],
    ['joined lines have no limit', `FROM scratch\nRUN ${`${'x'.repeat(60_000)}\\\n`.repeat(3)}y\n`, []],
  ])('%s', (_title, text, want) => expect(codes(text)).toEqual(want));
});

describe('errors are collected', () => {
  test('one per mistake, in the order of the file', () => {
    const text = 'RUN a\nFROM a AS 1\nCOPY x\nENV a\nRUN --nope x\nUSER\n';
    expect(codes(text)).toEqual([
      'no-build-stage',
      'bad-stage-name',
      'missing-destination',
      'missing-value',
      'unknown-flag',
      'missing-argument',
    ]);
  });

  test('twenty and no more', () => {
    expect(codes(`FROM scratch\n${'USER\n'.repeat(50)}`)).toHaveLength(20);
  });

  test('what is right around a mistake is still there', () => {
    const text = 'FROM a\nRUN one\nCOPY x\nRUN two\nFROM b AS 1\nRUN three\n';
    const { dockerfile } = parseDockerfile(new SourceText('Dockerfile', text));
    expect(
      dockerfile?.stages.map(({ from, body }) => [from.image.raw, body.map(({ text }) => text)]),
    ).toEqual([
      ['a', ['RUN one', 'RUN two']],
      ['b', ['RUN three']],
    ]);
  });
});

test('a file of 30,000 lines is read in the time a test has', () => {
  const stage =
    'FROM a AS b\nRUN x \\\n  && y \\\n  # c\n  && z\nENV A="b c" D=$E\nCOPY --from=b --chown=1:2 a b /c/\nRUN <<EOF\na\nEOF\n';
  const source = new SourceText('Dockerfile', stage.repeat(3_000));
  expect(parseDockerfile(source).dockerfile?.stages).toHaveLength(3_000);
});
