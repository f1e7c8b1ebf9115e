import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openContext } from '../../src/context/open-context.ts';
import type { ProxySettings } from '../../src/core/proxy.ts';
import { listenOnLoopback } from '../support/loopback.ts';

const scratch = mkdtempSync(join(tmpdir(), 'strata-context-'));
const folder = join(scratch, 'folder');
let server: Server;
let base = '';
let commit = '';

beforeAll(async () => {
  mkdirSync(folder);
  writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\n');
  const tar = execFileSync('tar', ['-C', folder, '--mtime=@1500000000', '-cz', '.']);
  const work = join(scratch, 'work');
  mkdirSync(join(work, 'sub'), { recursive: true });
  writeFileSync(join(work, 'sub/Dockerfile'), 'FROM scratch\n');
  const git = (...args: string[]) => execFileSync('git', args, { cwd: work, encoding: 'utf8' }).trim();
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('-c', 'user.name=n', '-c', 'user.email=e', 'commit', '-qm', 'one');
  git('update-server-info');
  commit = git('rev-parse', 'HEAD');
  server = createServer((request, response) => {
    const path = new URL(request.url ?? '', 'http://x').pathname;
    if (path.startsWith('/r.git/')) {
      const file = join(work, '.git', path.slice('/r.git/'.length));
      if (statSync(file, { throwIfNoEntry: false })?.isFile()) response.end(readFileSync(file));
      else response.writeHead(404).end();
      return;
    }
    if (request.url === '/dated.tgz') response.setHeader('last-modified', 'Wed, 21 Oct 2015 07:28:00 GMT');
    const { authorization } = request.headers;
    response.end(request.url?.endsWith('.tgz') ? tar : `FROM scratch\n#${authorization ?? ''}`);
  });
  base = `http://${await listenOnLoopback(server)}`;
});
afterAll(() => {
  server.close();
  rmSync(scratch, { recursive: true });
});

let count = 0;
function open(
  spec: string,
  stdin: string | Buffer = '',
  secrets: Readonly<Record<string, string>> = {},
  proxy: ProxySettings = {},
) {
  const own = join(scratch, `own-${count++}`);
  return openContext(spec, {
    stdin: Readable.from([Buffer.from(stdin)]),
    scratch() {
      mkdirSync(own);
      return own;
    },
    keepsGitDirectory: false,
    hasCommitTimes: false,
    servers: {
      secret: (id) => (secrets[id] === undefined ? undefined : Buffer.from(secrets[id])),
      proxy,
    },
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

  it('is a repository, or a directory of it', async () => {
    const context = await open(`${base}/r.git#main:sub`);
    expect(context).toMatchObject({ isLocal: false, commit });
    expect(readdirSync(context.directory)).toEqual(['Dockerfile']);
    const whole = await open(`${base}/r.git?keep-git-dir=true`);
    expect(readdirSync(whole.directory)).toEqual(['.git', 'sub']);
  });

  it('is a tar behind a URL', async () => {
    const context = await open(`${base}/c.tgz`);
    expect(context.isLocal).toBe(false);
    expect(readdirSync(context.directory)).toEqual(['Dockerfile']);
  });

  it('is behind a URL that only a proxy reaches', async () => {
    const context = await open('http://files.test/c.tgz', '', {}, { http: base });
    expect(readdirSync(context.directory)).toEqual(['Dockerfile']);
  });

  it('is a Dockerfile behind a URL', async () => {
    expect((await open(`${base}/Dockerfile`)).dockerfile?.toString()).toBe('FROM scratch\n#');
  });

  it('behind a URL is asked for with the secret of its host', async () => {
    const { dockerfile } = await open(`${base}/Dockerfile`, '', { 'HTTP_AUTH_TOKEN_127.0.0.1': 't' });
    expect(dockerfile?.toString()).toBe('FROM scratch\n#Bearer t');
  });

  it('is as old as the server says, else as its newest file', async () => {
    expect(await open(`${base}/c.tgz`)).toMatchObject({ epochSeconds: 1_500_000_000 });
    expect(await open(`${base}/dated.tgz`)).toMatchObject({ epochSeconds: 1_445_412_480 });
    expect(await open('-', 'FROM x')).not.toHaveProperty('epochSeconds');
  });

  for (const [name, program] of [
    ['plain', 'cat'],
    ['gzip', 'gzip'],
    ['bzip2', 'bzip2'],
    ['xz', 'xz'],
    ['zstd', 'zstd'],
  ] as const) {
    it(`is a tar on standard input, ${name}`, async () => {
      const tar = execFileSync('tar', ['-C', folder, '-c', '.']);
      const context = await open(
        '-',
        execFileSync(program, ['-c'].slice(Number(program === 'cat')), { input: tar }),
      );
      expect(readdirSync(context.directory)).toEqual(['Dockerfile']);
    });
  }

  const failures: [spec: string, message: string][] = [
    ['nowhere', 'the build context "nowhere" does not exist'],
    ['package.json', 'the build context "package.json" is not a directory'],
  ];
  for (const [spec, message] of failures) {
    it(message, async () => expect(open(spec)).rejects.toMatchObject({ code: 'no-context', message }));
  }
});
