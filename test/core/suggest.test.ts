import { expect, test } from 'vitest';
import { suggest } from '../../src/core/suggest.ts';

const instructions = ['ADD', 'ARG', 'CMD', 'COPY', 'ENTRYPOINT', 'ENV', 'EXPOSE', 'FROM', 'RUN', 'WORKDIR'];

test.each<[word: string, candidates: string[], want: string | undefined]>([
  ['RNU', instructions, 'RUN'],
  ['FORM', instructions, 'FROM'],
  ['wrokdir', instructions, 'WORKDIR'],
  ['ENTRYPONT', instructions, 'ENTRYPOINT'],
  ['EXPORT', instructions, 'EXPOSE'],
  ['RUNN', instructions, 'RUN'],
  ['BANANA', instructions, undefined],
  ['X', instructions, undefined],
  ['', instructions, undefined],
  // Itself is no suggestion, but another case is
  ['RUN', ['RUN'], undefined],
  ['Base', ['base'], 'base'],
  // The nearest, and of two equally near ones the first
  ['biuld', ['built', 'build'], 'build'],
  ['bat', ['bar', 'baz'], 'bar'],
  ['a', [], undefined],
])('%s', (word, candidates, want) => expect(suggest(word, candidates)).toBe(want));
