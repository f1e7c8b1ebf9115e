import { describe, expect, test } from 'vitest';
import { type CsvRecord, parseCsvRecord } from '../../src/dockerfile/parse/csv.ts';
import { parseDevice } from '../../src/dockerfile/parse/device.ts';
import { parseBinarySize, parseGoBoolean, parseGoDuration } from '../../src/dockerfile/parse/values.ts';
import { decodeDockerfile } from '../../src/dockerfile/text/decode.ts';

describe('durations, in nanoseconds', () => {
  test.each([
    ['0', 0],
    ['0s', 0],
    ['-0', 0],
    ['30s', 30e9],
    ['1m30s', 90e9],
    ['500ms', 500e6],
    ['1.5h', 5400e9],
    ['.5s', 5e8],
    ['1.s', 1e9],
    ['10us', 1e4],
    ['10µs', 1e4],
    ['3ns', 3],
    ['-2s', -2e9],
    ['+2s', 2e9],
    ['30', undefined],
    ['', undefined],
    ['s', undefined],
    ['.s', undefined],
    ['1 s', undefined],
    ['1d', undefined],
    ['1S', undefined],
    ['1s2', undefined],
    ['--1s', undefined],
    ['999999999h', undefined],
  ])('%s', (text, want) => expect(parseGoDuration(text)).toBe(want));
});

describe('sizes, in bytes', () => {
  test.each([
    ['0', 0],
    ['100', 100],
    ['128m', 128 * 2 ** 20],
    ['1g', 2 ** 30],
    ['1G', 2 ** 30],
    ['64kb', 65536],
    ['64KiB', 65536],
    ['1.5k', 1536],
    ['2 m', 2 * 2 ** 20],
    ['10b', 10],
    ['1t', 2 ** 40],
    ['', undefined],
    ['m', undefined],
    ['-1', undefined],
    ['1x', undefined],
    ['1bb', undefined],
    ['1mm', undefined],
    ['1 mib b', undefined],
  ])('%s', (text, want) => expect(parseBinarySize(text)).toBe(want));
});

describe('booleans', () => {
  test.each([
    ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((text) => [text, true] as const),
    ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map((text) => [text, false] as const),
    ...['', 'tRUE', 'yes', 'on', ' 1'].map((text) => [text, undefined] as const),
  ])('%s', (text, want) => expect(parseGoBoolean(text)).toBe(want));
});

describe('CSV records', () => {
  test.each([
    ['', ['']],
    ['a', ['a']],
    ['a,b,', ['a', 'b', '']],
    ['"a,b",c', ['a,b', 'c']],
    ['"a""b"', ['a"b']],
    ['""', ['']],
    ['a b', ['a b']],
  ])('%s', (text, fields) => expect(parseCsvRecord(text)).toMatchObject({ ok: true, fields }));

  test('says where each field stands, with its quotes', () => {
    const text = 'a,"b,""c",,d';
    const { spans } = parseCsvRecord(text) as CsvRecord & { ok: true };
    expect(spans.map(({ start, end }) => text.slice(start, end))).toEqual(['a', '"b,""c"', '', 'd']);
  });

  test.each(['"', '"a', 'a"b', '"a"b', 'x,"'])('%s is none', (text) => {
    expect(parseCsvRecord(text)).toMatchObject({ ok: false });
  });
});

describe('devices', () => {
  test.each([
    ['vendor.com/class=name', { name: 'vendor.com/class=name', required: false }],
    ['name=x', { name: 'x', required: false }],
    ['x,required', { name: 'x', required: true }],
    ['required=false,x', { name: 'x', required: false }],
    ['required=1,name=x', { name: 'x', required: true }],
  ])('%s', (text, device) => expect(parseDevice(text)).toEqual({ ok: true, device }));

  test.each([
    ['a,b', 'unexpected key "b"'],
    ['a,name=b', 'device name already set to a'],
    ['a,requird=1', 'unexpected key "requird"'],
    ['a,required=x', 'invalid value for required'],
    ['"a', 'not a CSV record'],
  ])('%s', (text, message) => {
    expect(parseDevice(text)).toMatchObject({ ok: false, message: expect.stringContaining(message) });
  });
});

describe('bytes to text', () => {
  test.each([
    ['UTF-8', [0x46, 0xc3, 0xa9], 'Fé'],
    ['a byte order mark in front goes', [0xef, 0xbb, 0xbf, 0x46], 'F'],
    ['only one, only there', [0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf, 0x46], '\ufeffF'],
    ['what is not UTF-8 is no error', [0x46, 0xff, 0x0a], 'F\ufffd\n'],
    ['CR and NUL stay', [0x0d, 0x0a, 0x00], '\r\n\0'],
  ])('%s', (_title, bytes, text) => expect(decodeDockerfile(Uint8Array.from(bytes))).toBe(text));
});
