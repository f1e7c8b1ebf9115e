/** Archives that are broken or made to break their reader. */
import { expect, test } from 'vitest';
import { encodeHeader, tarTrailer } from '../../src/tar/encode.ts';
import { checksumOf } from '../../src/tar/header.ts';
import { createTarParser } from '../../src/tar/parser.ts';
import { entryOf, fileOf, memberOf, readArchive, writeArchive } from './archive.ts';

/** A header block with some bytes changed and its checksum made right again. */
function header(changes: Readonly<Record<number, string>>, path = 'a'): Buffer {
  const block = Buffer.from(encodeHeader(entryOf({ path })));
  for (const [at, text] of Object.entries(changes)) block.write(text, Number(at), 'latin1');
  block.write(`${checksumOf(block).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

const octal = (value: number) => `${value.toString(8).padStart(11, '0')}\0`;
const padded = (text: string) =>
  Buffer.concat([Buffer.from(text, 'latin1'), Buffer.alloc((512 - (text.length % 512)) % 512)]);

/** A header of type `x` (or another) with the given payload. */
function meta(payload: string, type = 'x', size = payload.length): Buffer {
  return Buffer.concat([header({ 124: octal(size), 156: type }), padded(payload)]);
}

const record = (key: string, value: string) => {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length++;
  return length + rest;
};
const records = (...pairs: [string, string][]) => pairs.map(([key, value]) => record(key, value)).join('');

const plain = header({});
const base256 = (bytes: readonly number[]) => String.fromCharCode(...bytes);
const sparse10 = (map: string, stored: number) =>
  Buffer.concat([
    meta(records(['GNU.sparse.major', '1'], ['GNU.sparse.minor', '0'], ['GNU.sparse.realsize', '4096'])),
    header({ 124: octal(stored) }),
    padded(map),
    Buffer.alloc(4096),
  ]);
const sparse01 = (map: string, stored: number, realSize = '4096') =>
  Buffer.concat([
    meta(records(['GNU.sparse.size', realSize], ['GNU.sparse.map', map])),
    header({ 124: octal(stored) }),
    Buffer.alloc(stored),
  ]);

const cases: [title: string, archive: Uint8Array, code: string][] = [
  ['text', Buffer.from('hello\n'.repeat(200)), 'tar-bad-header'],
  ['half a header', plain.subarray(0, 300), 'tar-truncated'],
  ['a file that ends early', writeArchive([fileOf('a', 'x'.repeat(600))]).subarray(0, 1000), 'tar-truncated'],
  ['a file without its padding', writeArchive([fileOf('a', 'x')]).subarray(0, 513), 'tar-truncated'],
  [
    'a file of 8 EiB',
    header({ 124: base256([0x80, 0, 0, 0, 0x7f, 255, 255, 255, 255, 255, 255, 255]) }),
    'tar-bad-header',
  ],
  ['a negative size', header({ 124: base256(new Array(12).fill(255)) }), 'tar-bad-header'],
  ['a negative uid', header({ 108: base256(new Array(8).fill(255)) }), 'tar-bad-header'],
  ['a mode that is no number', header({ 100: '0x1ff\0' }), 'tar-bad-header'],
  ['a size with digits above 7', header({ 124: '00000000800\0' }), 'tar-bad-header'],
  [
    'a wrong checksum',
    Buffer.concat([plain.subarray(0, 10), Buffer.from('!'), plain.subarray(11)]),
    'tar-bad-header',
  ],
  ['no name', header({ 0: '\0' }), 'tar-bad-header'],
  ['a link without a target', header({ 156: '2' }), 'tar-bad-header'],
  ['a type nobody knows', header({ 156: 'Q' }), 'tar-bad-header'],
  ['a volume of many', header({ 156: 'M' }), 'tar-bad-header'],
  ['one block of zeros between members', Buffer.concat([plain, Buffer.alloc(512), plain]), 'tar-bad-header'],
  ['an extended header at the end', meta(record('path', 'b')), 'tar-truncated'],
  [
    'an extended header and then zeros',
    Buffer.concat([meta(record('path', 'b')), tarTrailer]),
    'tar-bad-header',
  ],
  ['an extended header that ends early', meta('30 path=', 'x', 30).subarray(0, 520), 'tar-truncated'],
  ['an extended header of 2 MiB', meta('', 'x', 2 << 20), 'tar-header-too-large'],
  ['an extended header of 8 GiB', meta('', 'x', 2 ** 33 - 1), 'tar-header-too-large'],
  ['a global header of 2 MiB', meta('', 'g', 2 << 20), 'tar-header-too-large'],
  ['a long name of 2 MiB', meta('', 'L', 2 << 20), 'tar-header-too-large'],
  [
    'global headers that add up',
    Buffer.concat(['a', 'b', 'c'].map((key) => meta(record(key, 'v'.repeat(500_000)), 'g'))),
    'tar-header-too-large',
  ],
  ['a record without a length', meta(' path=b\n'), 'tar-bad-pax'],
  ['a record with a length of 0', meta('0 path=b\n'), 'tar-bad-pax'],
  ['a record with a negative length', meta('-9 path=b\n'), 'tar-bad-pax'],
  ['a record shorter than its own length', meta('2 path=b\n'), 'tar-bad-pax'],
  ['a record longer than the header', meta('99 path=b\n'), 'tar-bad-pax'],
  ['a record with an endless length', meta(`${'9'.repeat(400)} path=b\n`), 'tar-bad-pax'],
  ['a record that does not end in a line feed', meta('9 path=bb'), 'tar-bad-pax'],
  ['a record without "="', meta('8 path!\n'), 'tar-bad-pax'],
  ['a record without a key', meta('6 =ab\n'), 'tar-bad-pax'],
  ['a size that is no number', Buffer.concat([meta(record('size', '1e3')), plain]), 'tar-bad-pax'],
  ['a size beyond 2^53', Buffer.concat([meta(record('size', '9007199254740993')), plain]), 'tar-bad-pax'],
  ['a negative uid in a record', Buffer.concat([meta(record('uid', '-1')), plain]), 'tar-bad-pax'],
  ['a time that is no number', Buffer.concat([meta(record('mtime', 'now')), plain]), 'tar-bad-pax'],
  ['a name with a NUL', Buffer.concat([meta(record('path', 'a\0b')), plain]), 'tar-bad-header'],
  [
    'a link target with a NUL',
    Buffer.concat([meta(record('linkpath', '\0')), header({ 156: '1' })]),
    'tar-bad-header',
  ],
  ['a sparse map that overlaps', sparse01('0,512,256,512', 1024), 'tar-bad-sparse'],
  ['a sparse map that runs backwards', sparse01('1024,512,0,512', 1024), 'tar-bad-sparse'],
  ['a sparse map beyond the end', sparse01('4000,512', 512), 'tar-bad-sparse'],
  ['a sparse map with an odd count', sparse01('0,512,1024', 512), 'tar-bad-sparse'],
  ['a sparse map for more bytes than stored', sparse01('0,1024', 512), 'tar-bad-sparse'],
  ['a sparse map for fewer bytes than stored', sparse01('0,100', 512), 'tar-bad-sparse'],
  ['a sparse map of words', sparse01('zero,ten', 512), 'tar-bad-pax'],
  ['a sparse file of a word', sparse01('0,512', 512, 'big'), 'tar-bad-pax'],
  ['a leading map longer than the member', sparse10('9999999\n', 512), 'tar-bad-sparse'],
  ['a leading map without a line feed', sparse10('7'.repeat(512), 512), 'tar-bad-sparse'],
  ['a leading map of words', sparse10('one\n0\n', 512), 'tar-bad-pax'],
  [
    'an old sparse map without an end',
    Buffer.concat([
      header({ 156: 'S', 257: 'ustar  \0', 482: '\x01' }),
      ...new Array<Buffer>(2100).fill(Buffer.alloc(512, 0, 'latin1').fill(1, 504, 505)),
    ]),
    'tar-header-too-large',
  ],
];

test.each(cases)('%s', (_title, archive, code) => {
  const got = [archive.length, 1, 512].map((chunkSize) => {
    try {
      readArchive(archive, chunkSize);
      return 'read';
    } catch (error) {
      return error instanceof Error && 'code' in error ? error.code : error;
    }
  });
  expect(got).toEqual([code, code, code]);
});

test('a parser that failed stays failed', () => {
  const parser = createTarParser({ entry: () => {}, data: () => {}, entryEnd: () => {} });
  const want = expect.objectContaining({ code: 'tar-bad-header' });
  expect(() => parser.push(Buffer.alloc(512, 'x'))).toThrow(want);
  expect(() => parser.push(Buffer.from(plain))).toThrow(want);
  expect(() => parser.end()).toThrow(want);
});

test('what follows the end marker is not read', () => {
  const archive = Buffer.concat([writeArchive([memberOf({ path: 'a' })]), Buffer.from('rubbish')]);
  expect(readArchive(archive, 100).map(({ entry }) => entry.path)).toEqual(['a']);
});

test('an archive without an end marker is whole when its last member is', () => {
  expect(readArchive(plain).map(({ entry }) => entry.path)).toEqual(['a']);
});

test('only files have content, whatever the header of a directory or link says', () => {
  const archive = Buffer.concat([
    header({ 124: octal(700), 156: '5' }, 'd'),
    header({ 124: octal(700), 156: '1', 157: 'd/x' }, 'l'),
    tarTrailer,
  ]);
  expect(readArchive(archive).map(({ entry }) => [entry.path, entry.size])).toEqual([
    ['d', 0],
    ['l', 0],
  ]);
});

test('a member takes a global record back with an empty one', () => {
  const archive = Buffer.concat([
    meta(records(['uid', '7'], ['mtime', '5']), 'g'),
    header({}, 'a'),
    meta(records(['uid', ''])),
    header({}, 'b'),
    header({}, 'c'),
  ]);
  const got = readArchive(archive).map(({ entry }) => [entry.path, entry.uid, entry.mtime.seconds]);
  expect(got).toEqual([
    ['a', 7, 5],
    ['b', 0, 5],
    ['c', 7, 5],
  ]);
});

test('the last of several records of one key counts', () => {
  const archive = Buffer.concat([meta(records(['path', 'x'], ['path', 'y'])), header({})]);
  expect(readArchive(archive).map(({ entry }) => entry.path)).toEqual(['y']);
});

test('names keep what makes them dangerous: whoever writes files has to look', () => {
  const members = ['../../etc/passwd', '/etc/passwd', 'a/../../b', './c'].map((path) => memberOf({ path }));
  expect(readArchive(writeArchive(members))).toEqual(members);
});
