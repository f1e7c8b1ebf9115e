import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TarEntry, TarEntryType } from '../../src/tar/entry.ts';
import { decodePaxTime, encodePaxTime } from '../../src/tar/pax.ts';
import { type Member, readArchive, writeArchive } from './archive.ts';

const byte = fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code));
const nameByte = byte.filter((char) => char !== '/');
const name = fc.oneof(
  fc.array(nameByte, { minLength: 1, maxLength: 12 }).map((chars) => chars.join('')),
  fc.integer({ min: 95, max: 255 }).map((length) => 'n'.repeat(length)),
);
const path = fc.array(name, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));
const target = fc.array(byte, { minLength: 1, maxLength: 300 }).map((chars) => chars.join(''));
const mtime = fc.record({
  seconds: fc.integer({ min: -(2 ** 34), max: 2 ** 34 }),
  nanoseconds: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 999_999_999 })),
});
const xattrs = fc
  .uniqueArray(
    fc.record({
      name: fc.stringMatching(/^user\.[a-z.]{1,9}$/),
      value: fc.uint8Array({ maxLength: 64 }),
    }),
    { maxLength: 3, selector: ({ name }) => name },
  )
  .map((list) => list.sort((a, b) => (a.name < b.name ? -1 : 1)));

const member: fc.Arbitrary<Member> = fc
  .record({
    type: fc.constantFrom<TarEntryType>('file', 'directory', 'symlink', 'hardlink', 'fifo', 'char', 'block'),
    path,
    target,
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: fc.integer({ min: 0, max: 2 ** 32 - 2 }),
    gid: fc.integer({ min: 0, max: 2 ** 32 - 2 }),
    mtime,
    devMajor: fc.integer({ min: 0, max: 4095 }),
    devMinor: fc.integer({ min: 0, max: 1_048_575 }),
    xattrs,
    content: fc.uint8Array({ maxLength: 1500 }),
  })
  .map(({ target, content, ...fields }) => {
    const { type } = fields;
    const isDevice = type === 'char' || type === 'block';
    const entry: TarEntry = {
      ...fields,
      size: type === 'file' ? content.length : 0,
      link: type === 'symlink' || type === 'hardlink' ? target : '',
      devMajor: isDevice ? fields.devMajor : 0,
      devMinor: isDevice ? fields.devMinor : 0,
    };
    return { entry, content: Buffer.from(type === 'file' ? content : []) };
  });

test('what is read is what was written, however the bytes arrive', () => {
  fc.assert(
    fc.property(
      fc.array(member, { maxLength: 4 }),
      fc.constantFrom(1, 100, 511, 512, 513, 10_000),
      (members, chunkSize) => {
        expect(readArchive(writeArchive(members), chunkSize)).toEqual(members);
      },
    ),
    { numRuns: 300 },
  );
});

test('a byte that is changed or missing never passes for something else than an archive', () => {
  fc.assert(
    fc.property(
      fc.array(member, { minLength: 1, maxLength: 3 }),
      fc.nat(),
      fc.integer({ min: 0, max: 255 }),
      (members, place, value) => {
        const bytes = writeArchive(members);
        const at = place % bytes.length;
        bytes[at] = value;
        const readings = [bytes, bytes.subarray(0, at)].map((input) => {
          try {
            readArchive(input);
            return 'read';
          } catch (error) {
            return error instanceof Error && 'code' in error ? String(error.code) : String(error);
          }
        });
        for (const reading of readings) expect(reading).toMatch(/^read$|^tar-/);
      },
    ),
    { numRuns: 300 },
  );
});

test('times survive, also before 1970', () => {
  fc.assert(
    fc.property(mtime, (time) => {
      expect(decodePaxTime(encodePaxTime(time))).toEqual(time);
    }),
  );
});
