import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bytePathFromText } from '../../../src/core/byte-path.ts';
import { type FileMaker, fileMaker } from '../../../src/layer/upper/file-maker.ts';

describe('making files', () => {
  let directory: string;
  let upper: string;
  let places: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'strata-make-'));
    [upper, places] = [join(directory, 'upper'), join(directory, 'places')];
    for (const each of [upper, places]) mkdirSync(each);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** A clock by which making each file takes so long. */
  const clock = (milliseconds: number) => {
    let now = 0;
    return () => {
      now += milliseconds;
      return now;
    };
  };
  const make = (maker: FileMaker, count: number) => {
    for (let at = 0; at < count; at++) {
      const descriptor = maker.open(bytePathFromText(join(upper, `file-${at}`)));
      writeSync(descriptor, `content ${at}`);
      closeSync(descriptor);
    }
  };
  const openFiles = () => readdirSync('/proc/self/fd').length;
  /** Nobody else's filesystem is slow in this way. */
  const isExt = () => statfsSync(directory).type === 0xef53;

  test.each([
    ['quick', 0.01, 2000, 0],
    ['slow, but few', 1, 200, 0],
    ['slow wherever they are', 1, 2000, 3],
  ])('files that are %s', (_, milliseconds, count, wanted) => {
    const before = openFiles();
    const maker = fileMaker(places, clock(milliseconds));
    make(maker, count);
    expect(readdirSync(places).length).toBe(isExt() ? wanted : 0);
    maker.close();
    expect(readdirSync(places)).toEqual([]);
    expect(openFiles()).toBe(before);
    const names = Array.from({ length: count }, (_each, at) => `file-${at}`);
    expect(readdirSync(upper).sort()).toEqual(names.sort());
    const wrong = names.filter((name) => {
      const { size, mode, nlink } = statSync(join(upper, name));
      return size !== `content ${name.slice(5)}`.length || (mode & 0o7777) !== 0o600 || nlink !== 1;
    });
    expect(wrong).toEqual([]);
  });

  test.each([['where they belong'], ['in another place']])(
    'a name that is taken, of files made %s',
    (where) => {
      const maker = fileMaker(places, clock(where === 'where they belong' ? 0.01 : 1));
      make(maker, 300);
      mkdirSync(join(upper, 'directory'));
      symlinkSync(join(directory, 'outside'), join(upper, 'link'));
      const before = openFiles();
      for (const name of ['file-0', 'directory', 'link']) {
        expect(() => maker.open(bytePathFromText(join(upper, name)))).toThrow(
          expect.objectContaining({ code: 'EEXIST' }),
        );
      }
      expect(openFiles()).toBe(before);
      expect(existsSync(join(directory, 'outside'))).toBe(false);
      // The next one is not disturbed by what failed.
      const descriptor = maker.open(bytePathFromText(join(upper, 'next')));
      closeSync(descriptor);
      maker.close();
      expect(readdirSync(places)).toEqual([]);
    },
  );

  test('without places they are made where they belong, be it slow or not', () => {
    const maker = fileMaker(undefined, clock(1));
    make(maker, 600);
    maker.close();
    expect(readdirSync(upper).length).toBe(600);
  });
});
