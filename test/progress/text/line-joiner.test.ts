import { expect, test } from 'vitest';
import { LineJoiner } from '../../../src/progress/text/line-joiner.ts';

function join(chunks: readonly (string | number[])[]): string[] {
  const joiner = new LineJoiner();
  const lines = chunks.flatMap((chunk) =>
    joiner.push(typeof chunk === 'string' ? Buffer.from(chunk) : Uint8Array.from(chunk), 0),
  );
  return [...lines, ...joiner.end(0)].map((line) => line.text);
}

const rows: [title: string, chunks: (string | number[])[], want: string[]][] = [
  ['whole lines', ['a\nb\n'], ['a', 'b']],
  ['a line in pieces', ['he', 'll', 'o\nwor', 'ld'], ['hello', 'world']],
  ['empty lines count', ['\n\na\n\n'], ['', '', 'a', '']],
  ['CR LF', ['a\r\nb\r\n'], ['a', 'b']],
  ['CR LF cut between chunks', ['a\r', '\nb'], ['a', 'b']],
  ['CR CR LF', ['a\r\r\nb'], ['a', 'b']],
  ['a progress bar', ['\r 10%\r 20%', '\r100%\n'], [' 10%', ' 20%', '100%']],
  ['a CR at the very end', ['a\r'], ['a']],
  ['a character cut in two', [[0xc3], [0xa4, 0x0a]], ['ä']],
  ['bytes that are not UTF-8', [[0x61, 0xff, 0x0a]], ['a\ufffd']],
  ['a character that never ends', [[0x61, 0xc3]], ['a\ufffd']],
  ['a byte order mark is kept', [[0xef, 0xbb, 0xbf, 0x61]], ['\ufeffa']],
];

test.each(rows)('%s', (_title, chunks, want) => {
  expect(join(chunks)).toEqual(want);
});

test('a line keeps the time at which it began', () => {
  const joiner = new LineJoiner();
  expect(joiner.push(Buffer.from('a'), 1)).toEqual([]);
  expect(joiner.push(Buffer.from('b\nc\n'), 2)).toEqual([
    { text: 'ab', at: 1 },
    { text: 'c', at: 2 },
  ]);
});

test('output without line ends is not held for ever', () => {
  const joiner = new LineJoiner();
  const lines = joiner.push(Buffer.alloc(200_000, 'x'), 0);
  expect(lines.map((line) => line.text.length)).toEqual([65_536, 65_536, 65_536]);
  expect(joiner.end(0)[0]?.text.length).toBe(200_000 - 3 * 65_536);
});
