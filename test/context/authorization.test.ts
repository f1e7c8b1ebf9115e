import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gitAuthorization, urlAuthorization } from '../../src/context/authorization.ts';
import { checkOutGit } from '../../src/context/git/checkout.ts';
import { listenOnLoopback } from '../support/loopback.ts';

const secretsOf = (secrets: Readonly<Record<string, string>>) => (id: string) =>
  secrets[id] === undefined ? undefined : Buffer.from(secrets[id]);

test.each([
  ['http://a.example/f', { 'HTTP_AUTH_TOKEN_a.example': 't\n' }, 'Bearer t'],
  ['http://a.example:81/f', { 'HTTP_AUTH_TOKEN_a.example': 't' }, 'Bearer t'],
  ['http://a.example/f', { 'HTTP_AUTH_HEADER_a.example': 'Basic x' }, 'Basic x'],
  ['http://a.example/f', { 'HTTP_AUTH_HEADER_a.example': 'h', 'HTTP_AUTH_TOKEN_a.example': 't' }, 'Bearer t'],
  ['http://b.example/f', { 'HTTP_AUTH_TOKEN_a.example': 't' }, undefined],
  ['no URL', { HTTP_AUTH_TOKEN_: 't' }, undefined],
])('%s with %j', (url, secrets, want) => {
  expect(urlAuthorization(url, secretsOf(secrets))).toBe(want);
});

const basic = `basic ${Buffer.from('x-access-token:t').toString('base64')}`;

test.each([
  ['https://a.example/r.git', { GIT_AUTH_TOKEN: 't\n' }, basic],
  ['https://a.example/r.git', { GIT_AUTH_HEADER: 'h', GIT_AUTH_TOKEN: 't' }, 'h'],
  ['https://a.example/r.git', { GIT_AUTH_HEADER: 'h', 'GIT_AUTH_TOKEN.a.example': 't' }, basic],
  ['https://a.example:81/r.git', { 'GIT_AUTH_HEADER.a.example:81': 'h' }, 'h'],
  ['https://a.example/r.git', { 'GIT_AUTH_TOKEN.b.example': 't' }, undefined],
  ['ssh://git@a.example/r.git', { GIT_AUTH_TOKEN: 't' }, undefined],
  ['git@a.example:r.git', { GIT_AUTH_TOKEN: 't' }, undefined],
])('%s with %j', (remote, secrets, want) => {
  expect(gitAuthorization(remote, secretsOf(secrets))).toBe(want);
});

describe('credentials of a repository', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'strata-credentials-'));
  const seen: [host: string, path: string, authorization: string | undefined][] = [];
  const servers: Server[] = [];
  let here = '';
  let elsewhere = '';

  const serve = async (name: string): Promise<string> => {
    const server = createServer((request, response) => {
      const url = new URL(request.url ?? '', 'http://x');
      seen.push([name, url.pathname, request.headers.authorization]);
      const moved = /^\/(renamed|away)(\/.*)/.exec(url.pathname);
      if (moved !== null) {
        const host = moved[1] === 'away' ? elsewhere : '';
        response.writeHead(301, { location: `${host}/r.git${moved[2]}${url.search}` }).end();
        return;
      }
      const file = join(scratch, url.pathname);
      const isThere = statSync(file, { throwIfNoEntry: false })?.isFile();
      if (isThere) response.end(readFileSync(file));
      else response.writeHead(404).end();
    });
    servers.push(server);
    return `http://${await listenOnLoopback(server)}`;
  };

  beforeAll(async () => {
    const work = join(scratch, 'work');
    mkdirSync(work);
    writeFileSync(join(work, 'file'), 'content');
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=n', '-c', 'user.email=e', ...args], { cwd: work, stdio: 'pipe' });
    git('init', '-q', '-b', 'main');
    git('add', '-A');
    git('commit', '-qm', 'one');
    git('clone', '-q', '--bare', work, join(scratch, 'r.git'));
    execFileSync('git', ['update-server-info'], { cwd: join(scratch, 'r.git') });
    [here, elsewhere] = [await serve('here'), await serve('elsewhere')];
  });
  afterAll(() => {
    for (const server of servers) server.close();
    rmSync(scratch, { recursive: true });
  });

  const reference = (path: string) => ({
    remote: `${here}${path}`,
    ref: undefined,
    subdirectory: '',
    checksum: undefined,
    keepsGitDirectory: undefined,
    takesSubmodules: true,
    hasCommitTimes: undefined,
  });

  test.each([
    ['where it is', '/r.git', 'here'],
    ['where it was renamed', '/renamed', 'here'],
    ['where it moved to another host', '/away', 'elsewhere'],
  ])('%s', async (_, path, host) => {
    seen.length = 0;
    const { directory } = await checkOutGit(reference(path), join(scratch, `out${path}`), {
      keepsGitDirectory: false,
      authorization: 'basic secret',
    });
    expect(readFileSync(join(directory, 'file'), 'utf8')).toBe('content');
    expect(seen.some(([at, asked]) => at === host && asked.startsWith('/r.git/objects/'))).toBe(true);
    for (const [at, , authorization] of seen)
      expect(authorization).toBe(at === 'here' ? 'basic secret' : undefined);
  });
});
