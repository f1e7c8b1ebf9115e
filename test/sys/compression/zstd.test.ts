import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { loadZstd } from '../../../src/sys/compression/zstd.ts';

const library = loadZstd();
if (library === undefined) throw new Error('this machine has no libzstd');

function inflate(bytes: Uint8Array, pieceBytes = bytes.length): Buffer {
  const inflater = library?.openInflater();
  const found: Buffer[] = [];
  try {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      for (const piece of inflater?.push(bytes.subarray(at, at + pieceBytes)) ?? []) {
        found.push(Buffer.from(piece));
      }
    }
    inflater?.end();
  } finally {
    inflater?.close();
  }
  return Buffer.concat(found);
}

function deflate(bytes: Uint8Array, level = 3): Buffer {
  const output = Buffer.alloc(bytes.length + 1000);
  return output.subarray(0, library?.compress(bytes, output, level));
}

const text = Buffer.from('all work and no play '.repeat(50_000));
const contents: readonly (readonly [string, Buffer])[] = [
  ['nothing', Buffer.alloc(0)],
  ['text', text],
  ['noise', randomBytes(700_000)],
  ['as much as its output holds', Buffer.alloc(1 << 18, 'x')],
];

test.each(contents)('%s comes back, and zstd(1) reads it', (_, content) => {
  const frame = deflate(content);
  expect(inflate(frame).equals(content)).toBe(true);
  expect(execFileSync('zstd', ['-dc'], { input: frame, maxBuffer: 1 << 22 }).equals(content)).toBe(true);
});

test.each(contents)('%s as zstd(1) writes it, in pieces of any size', (_, content) => {
  const stream = execFileSync('zstd', ['-c', '-19'], { input: content, maxBuffer: 1 << 22 });
  for (const size of [7, 1000, stream.length]) expect(inflate(stream, size).equals(content)).toBe(true);
});

test('frames one after the other are one stream, whatever their levels', () => {
  const stream = Buffer.concat([deflate(text, 1), deflate(Buffer.from('end'), 19)]);
  expect(inflate(stream, 1000).toString()).toBe(`${text}end`);
});

test.each([
  ['cut short', deflate(text).subarray(0, -1)],
  ['not zstd', Buffer.from('neither here nor there')],
  ['damaged', Buffer.from(deflate(text)).fill(0xff, 20, 40)],
])('%s: an error that says so', (_, stream) => {
  expect(() => inflate(stream)).toThrow(expect.objectContaining({ code: 'ZSTD_error' }));
});

test('what does not fit is not cut off', () => {
  expect(() => library.compress(randomBytes(1000), Buffer.alloc(100), 3)).toThrow('Destination buffer');
});
