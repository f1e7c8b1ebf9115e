import { execFileSync } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readDockerfile } from '../../src/build/read-dockerfile.ts';
import { StrataError } from '../../src/core/errors.ts';

const scratch = mkdtempSync(join(tmpdir(), 'strata-dockerfile-'));
const directory = join(scratch, 'context');
beforeAll(() => {
  mkdirSync(join(directory, 'sub'), { recursive: true });
  writeFileSync(join(scratch, 'outside'), 'outside');
  writeFileSync(join(directory, 'sub/dockerfile'), 'lower case');
  writeFileSync(join(directory, 'inside'), 'inside');
  symlinkSync('inside', join(directory, 'Dockerfile'));
  symlinkSync('../outside', join(directory, 'climbing'));
  symlinkSync(join(scratch, 'outside'), join(directory, 'absolute'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

/** The text that was found, or the code of the error. */
async function read(given: string | undefined, isLocal: boolean, stdin = ''): Promise<string> {
  try {
    const { bytes } = await readDockerfile(
      given,
      { directory, isLocal },
      Readable.from([Buffer.from(stdin)]),
    );
    return Buffer.from(bytes).toString();
  } catch (error) {
    if (!(error instanceof StrataError)) throw error;
    return error.code;
  }
}

describe('in a directory of the person', () => {
  const table: [given: string | undefined, want: string][] = [
    [undefined, 'inside'],
    [join(directory, 'climbing'), 'outside'],
    [join(directory, 'sub/Dockerfile'), 'lower case'],
    [directory, 'no-dockerfile'],
    [join(directory, 'none'), 'no-dockerfile'],
  ];
  for (const [given, want] of table)
    test(`${given?.slice(scratch.length) ?? 'by default'}: ${want}`, async () => {
      expect(await read(given, true)).toBe(want);
    });

  test('a pipe is read to its end', async () => {
    const pipe = join(scratch, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const [text] = await Promise.all([
      read(pipe, true),
      new Promise<void>((resolve) => {
        Readable.from(['through ', 'a pipe']).pipe(createWriteStream(pipe)).on('finish', resolve);
      }),
    ]);
    expect(text).toBe('through a pipe');
  });

  test('what has no end is refused', async () => {
    expect(await read('/dev/zero', true)).toBe('bad-dockerfile');
  });
});

describe('in a context that was fetched', () => {
  const table: [given: string | undefined, want: string][] = [
    [undefined, 'inside'],
    ['sub/Dockerfile', 'lower case'],
    ['climbing', 'no-dockerfile'],
    ['absolute', 'no-dockerfile'],
    ['../outside', 'no-dockerfile'],
    ['/inside', 'inside'],
  ];
  for (const [given, want] of table)
    test(`${given ?? 'by default'}: ${want}`, async () => {
      expect(await read(given, false)).toBe(want);
    });
});

test('standard input', async () => {
  expect(await read('-', false, 'piped')).toBe('piped');
});
