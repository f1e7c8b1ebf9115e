import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  blockBytes,
  compressedBlockBytes,
  gzipCompressor,
  libraryCompressor,
  nodeDeflate,
  openBlockCompressor,
} from '../../../src/layer/compress/block-compressor.ts';
import { type Deflate, loadDeflate } from '../../../src/sys/compression/deflate.ts';

const system = loadDeflate();
const libraries: [name: string, library: Deflate][] = [['node', nodeDeflate]];
if (system !== undefined) libraries.push(['the system', system]);

const noise = (length: number) => {
  const bytes = new Uint8Array(length);
  let state = 1;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
};
const inputs: [title: string, input: Uint8Array][] = [
  ['nothing', new Uint8Array()],
  ['a byte', Uint8Array.of(7)],
  ['a block of zeros', new Uint8Array(blockBytes)],
  ['a block of noise', noise(blockBytes)],
  ['noise with a tail of zeros', Uint8Array.from([...noise(700_000), ...new Uint8Array(300_000)])],
];

describe.each(libraries)('gzip by the library of %s', (_name, library) => {
  test.each(inputs)('%s comes back', (_title, input) => {
    for (const level of [0, 1, 6, 9]) {
      const output = new Uint8Array(compressedBlockBytes);
      const length = gzipCompressor(level, library).compress(input, output);
      const member = Buffer.from(output.subarray(0, length));
      // No flags, no time, unknown system: nothing of the machine gets into the layer.
      expect(member.toString('hex', 0, 8)).toBe('1f8b080000000000');
      expect(member[9]).toBe(255);
      expect(gunzipSync(member).equals(input)).toBe(true);
    }
  });

  test('noise is stored, and only noise', () => {
    const length = (input: Uint8Array) =>
      gzipCompressor(6, library).compress(input, new Uint8Array(compressedBlockBytes));
    expect(length(noise(blockBytes))).toBeGreaterThan(blockBytes);
    // A sample of the beginning alone would take this for noise.
    const half = new Uint8Array(blockBytes);
    half.set(noise(blockBytes / 2));
    expect(length(half)).toBeLessThan(blockBytes * 0.6);
  });
});

test('every level names its writer', () => {
  const name = (level?: number) =>
    openBlockCompressor({ algorithm: 'gzip', ...(level === undefined ? {} : { level }) }).writer;
  expect(name(1)).not.toBe(name(6));
  expect(name()).toMatch(/^(libdeflate\S* level 4|node zlib \S+ level 6)$/);
});

test('zstd: a frame that names its writer', () => {
  const output = new Uint8Array(compressedBlockBytes);
  const compressor = openBlockCompressor({ algorithm: 'zstd' });
  const length = compressor.compress(new Uint8Array(1000), output);
  expect(Buffer.from(output.subarray(0, length)).toString('hex', 0, 4)).toBe('28b52ffd');
  expect(compressor.writer).toMatch(/^(node zstd|libzstd) [\d.]+ level 3$/);
});

test('zstd, where neither Node nor the system has it', () => {
  expect(() => libraryCompressor(3, undefined)).toThrow(expect.objectContaining({ code: 'zstd-missing' }));
});
