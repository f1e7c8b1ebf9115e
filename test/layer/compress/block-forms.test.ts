import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  blockBytes,
  openBlockCompressor,
  usualDeflate,
} from '../../../src/layer/compress/block-compressor.ts';
import { blockForms } from '../../../src/layer/compress/block-forms.ts';

const { usualLevel, quickLevel = usualLevel } = usualDeflate();
const gzip = { algorithm: 'gzip' } as const;

const filled = (line: (index: number) => string): Buffer => {
  const lines: string[] = [];
  for (let size = 0; size < blockBytes; size += lines.at(-1)?.length ?? 0) lines.push(line(lines.length));
  return Buffer.from(lines.join('')).subarray(0, blockBytes);
};
/** Letters by chance: nothing repeats for long. */
const prose = filled((index) => `${(Math.imul(index + 1, 0x9e3779b1) >>> 0).toString(26)} `);
const program = filled(
  (index) =>
    `  if (state.${['left', 'right', 'upper', 'lower'][(index * 7) % 4]}[${index % 13}] === ${(index * 31) % 101}) return ${['encode', 'decode'][index % 2]}(${index % 7}, options);\n`,
);
const noise = randomBytes(blockBytes);

const levels = (blocks: readonly Uint8Array[]) => {
  const forms = blockForms(gzip);
  return blocks.map((block) => forms.next(block, false).level);
};

test.each<[string, Uint8Array, number]>([
  ['what repeats little is compressed quickly', prose, quickLevel],
  ['what repeats a lot is compressed well', program, usualLevel],
  ['noise says nothing of what follows it', noise, usualLevel],
  ['nor does a little', prose.subarray(0, 10_000), usualLevel],
])('%s', (_title, block, level) => {
  expect(levels([block])).toEqual([level]);
});

test('a level holds for eight blocks, whatever is in the other seven', () => {
  const blocks = [
    prose,
    ...Array.from({ length: 7 }, () => program),
    program,
    ...Array.from({ length: 7 }, () => prose),
  ];
  expect(levels([...blocks, prose])).toEqual([
    ...Array.from({ length: 8 }, () => quickLevel),
    ...Array.from({ length: 8 }, () => usualLevel),
    quickLevel,
  ]);
});

test('a layer of one block is compressed well: asking would take longer than it saves', () => {
  expect(blockForms(gzip).next(prose, true).level).toBe(usualLevel);
});

test('a level that was asked for holds', () => {
  const forms = blockForms({ ...gzip, level: 6 });
  const { writer } = openBlockCompressor({ ...gzip, level: 6 });
  expect(forms.next(prose, false)).toEqual({ ...gzip, level: 6 });
  expect(forms.writer).toBe(writer);
});

test('the writer of a layer names all that its bytes depend on', () => {
  expect(blockForms(gzip).writer).toMatch(/^(libdeflate\S* level 1 or 4 by zlib \S+|node zlib \S+ level 6)$/);
});
