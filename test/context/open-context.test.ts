import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openContext } from '../../src/context/open-context.ts';

const scratch = mkdtempSync(join(tmpdir(), 'strata-context-'));
const folder = join(scratch, 'folder');
let server: Server;
let base = '';

beforeAll(async () => {
  mkdirSync(folder);
  writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\n');
  const tar = execFileSync('tar', ['-C', folder, '-cz', '.']);
  server = createServer((request, response) =>
    response.end(request.url === '/c.tgz' ? tar : 'FROM scratch\n'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  base = typeof address === 'object' ? `http://127.0.0.1:${address?.port}` : '';
});
afterAll(() => {
  server.close();
  rmSync(scratch, { recursive: true });
});

let count = 0;
function open(spec: string, stdin = '') {
  const own = join(scratch, `own-${count++}`);
  return openContext(spec, {
    stdin: Readable.from([Buffer.from(stdin)]),
    scratch() {
      mkdirSync(own);
      return own;
    },
    keepsGitDirectory: false,
  });
}

describe('a context', () => {
  it('is a directory, as it is', async () => {
    expect(await open(folder)).toEqual({ directory: folder, isLocal: true });
    expect(existsSync(join(scratch, `own-${count - 1}`))).toBe(false);
  });

  it('is a directory even if its name reads like a repository', async () => {
    mkdirSync(join(scratch, 'github.com/u/r'), { recursive: true });
    const before = process.cwd();
    process.chdir(scratch);
    try {
      expect(await open('github.com/u/r')).toEqual({
        directory: join(process.cwd(), 'github.com/u/r'),
        isLocal: true,
      });
    } finally {
      process.chdir(before);
    }
  });

  it('is a Dockerfile on standard input', async () => {
    const context = await open('-', 'FROM x');
    expect(context).toMatchObject({ isLocal: false, dockerfile: Buffer.from('FROM x') });
    expect(readdirSync(context.directory)).toEqual([]);
  });

  it('is a tar behind a URL', async () => {
    const context = await open(`${base}/c.tgz`);
    expect(context.isLocal).toBe(false);
    expect(readdirSync(context.directory)).toEqual(['Dockerfile']);
  });

  it('is a Dockerfile behind a URL', async () => {
    expect((await open(`${base}/Dockerfile`)).dockerfile?.toString()).toBe('FROM scratch\n');
  });

  const failures: [spec: string, message: string][] = [
    ['nowhere', 'the build context "nowhere" does not exist'],
    ['package.json', 'the build context "package.json" is not a directory'],
  ];
  for (const [spec, message] of failures) {
    it(message, async () => expect(open(spec)).rejects.toMatchObject({ code: 'no-context', message }));
  }
});
