import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { usualDeflate } from '../../src/layer/compress/block-compressor.ts';
import { inflateLayer } from '../../src/layer/inflate/inflate.ts';
import { inflateSmall } from '../../src/layer/inflate/inflate-small.ts';

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function inflated(blob: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of inflateLayer(blob)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Of sizes that make members end anywhere in a piece. */
const contents = [
  Buffer.alloc(40_000, 'a line of text\n'),
  randomBytes(20_011),
  Buffer.alloc(0),
  randomBytes(7),
  Buffer.alloc(3_000, 'x'),
  randomBytes(16_384),
  Buffer.alloc(90_000),
];

test.each([1, 2, 4, 5, 7])('%i members, however they are cut into chunks', async (count) => {
  const want = Buffer.concat(contents.slice(0, count));
  const blob = Buffer.concat(contents.slice(0, count).map((each) => gzipSync(each)));
  for (const size of [1, 3, 1000, 16_384, 16_385, blob.length]) {
    expect((await inflated(inPieces(blob, size))).equals(want), `chunks of ${size}`).toBe(true);
  }
});

test.each([1, 2, 5, 6])('a blob that breaks off in member %i is no layer', async (count) => {
  const members = contents.slice(0, count).map((each) => gzipSync(each));
  const cut = Buffer.concat(members).subarray(0, -9);
  await expect(inflated(inPieces(cut, 1000))).rejects.toMatchObject({ code: 'layer-bad-compression' });
});

/** Without the library nothing is expanded in memory. */
const canExpand = usualDeflate().gunzipFirst !== undefined;
const inMemory = (blob: Buffer) => {
  const pieces = inflateSmall(blob);
  return pieces === undefined ? undefined : Buffer.concat(pieces);
};
const zip = (...members: Buffer[]) => Buffer.concat(members.map((each) => gzipSync(each)));

test.each<[title: string, blob: Buffer, want: Buffer]>([
  ['one member', zip(contents[0] ?? Buffer.of()), contents[0] ?? Buffer.of()],
  ['several, an empty one among them', zip(...contents), Buffer.concat(contents)],
  ['one that is larger than a block', zip(Buffer.alloc(5 << 20, 'ab')), Buffer.alloc(5 << 20, 'ab')],
  ['padding behind it', Buffer.concat([zip(...contents), Buffer.alloc(600)]), Buffer.concat(contents)],
])('in memory: %s', (_title, blob, want) => {
  expect(inMemory(blob)?.equals(want)).toBe(canExpand ? true : undefined);
});

test.each<[title: string, blob: Buffer]>([
  ['nothing', Buffer.alloc(0)],
  ['no gzip', Buffer.alloc(512, 'a')],
  ['a member that breaks off', zip(...contents).subarray(0, -9)],
  ['the beginning of another member', Buffer.concat([zip(Buffer.from('a')), Buffer.of(0x1f, 0x8b)])],
  ['a member of another checksum', Buffer.concat([zip(Buffer.from('abc')).subarray(0, -8), Buffer.alloc(8)])],
  ['more than fits into memory in one member', zip(Buffer.alloc((16 << 20) + 1))],
  ['the same in many', zip(...Array.from({ length: 17 }, () => Buffer.alloc(1 << 20)))],
])('left to the stream: %s', (_title, blob) => {
  expect(inMemory(blob)).toBeUndefined();
});
