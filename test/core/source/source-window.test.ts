import { expect, test } from 'vitest';
import { printSourceWindow } from '../../../src/core/source/source-window.ts';
import { SourceText } from '../../../src/core/source/span.ts';

const words = Array.from({ length: 40 }, (_, index) => `word${index}`).join(' ');

/** The window for the first occurrence of `marked`, in 48 columns. */
function windowFor(text: string, marked: string): string {
  const start = text.indexOf(marked);
  return printSourceWindow(
    new SourceText('Dockerfile', text),
    { start, end: start + marked.length },
    48,
  ).join('\n');
}

const table: [title: string, text: string, marked: string, want: string[]][] = [
  [
    'a short line is whole',
    'FROM a\nCOPY b c',
    'b',
    ['     1 | FROM a', '     2 | COPY b c', '       |      ^'],
  ],
  [
    'a long line is cut around a word in it',
    `COPY ${words} /x`,
    'word20',
    ['     1 | … word18 word19 word20 word21 word22 w…', '       |                 ^~~~~~'],
  ],
  [
    'at its beginning, behind the word only',
    `COPY ${words} /x`,
    'word0',
    ['     1 | COPY word0 word1 word2 word3 word4 wor…', '       |      ^~~~~'],
  ],
  [
    'at its end, before the word only',
    `COPY ${words} /end`,
    '/end',
    ['     1 | …ord35 word36 word37 word38 word39 /end', '       |                                    ^~~~'],
  ],
  [
    'a mark that there is no room for ends with the line',
    `RUN ${words}`,
    `RUN ${words}`,
    ['     1 | RUN word0 word1 word2 word3 word4 word…', '       | ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~'],
  ],
  [
    'and is seen with a little of what stands before it',
    `RUN a b c d e f g h ${words}`,
    words,
    ['     1 | … d e f g h word0 word1 word2 word3 wo…', '       |             ^~~~~~~~~~~~~~~~~~~~~~~~~~'],
  ],
  [
    'the line before is cut at its end',
    `FROM ${words}\nRUN x`,
    'x',
    ['     1 | FROM word0 word1 word2 word3 word4 wor…', '     2 | RUN x', '       |     ^'],
  ],
];
for (const [title, text, marked, want] of table) {
  test(title, () => expect(windowFor(text, marked).split('\n')).toEqual(want));
}
