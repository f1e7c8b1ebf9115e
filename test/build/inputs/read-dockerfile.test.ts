import { execFileSync } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readDockerfile } from '../../../src/build/inputs/read-dockerfile.ts';
import { StrataError } from '../../../src/core/errors.ts';
import type { ProxySettings } from '../../../src/core/proxy.ts';
import { listenOnLoopback } from '../../support/loopback.ts';

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
async function read(
  given: string | undefined,
  isLocal: boolean,
  stdin = '',
  proxy: ProxySettings = {},
): Promise<string> {
  try {
    const { bytes } = await readDockerfile(
      given,
      { directory, isLocal },
      {
        stdin: Readable.from([Buffer.from(stdin)]),
        scratch: () => mkdtempSync(join(scratch, 'own-')),
        servers: {
          secret: (id) => (id === 'HTTP_AUTH_TOKEN_files.test' ? Buffer.from('t') : undefined),
          proxy,
        },
      },
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
    [join(directory, 'sub/DOCKERFILE'), 'no-dockerfile'],
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

test('a URL, wherever the context is, with what is known about its server', async () => {
  const server = createServer(({ url, headers: { authorization = 'nobody' } }, response) => {
    if (url?.endsWith('/none')) response.writeHead(404);
    response.end(`FROM scratch\n# ${url} for ${authorization}\n`);
  });
  const address = `http://${await listenOnLoopback(server)}`;
  try {
    expect(await read(`${address}/Dockerfile`, true)).toBe('FROM scratch\n# /Dockerfile for nobody\n');
    const far = 'http://files.test/a/Dockerfile?x';
    expect(await read(far, false, '', { http: address })).toBe(`FROM scratch\n# ${far} for Bearer t\n`);
    expect(await read(`${address}/none`, true)).toBe('url-status');
  } finally {
    server.close();
  }
});
