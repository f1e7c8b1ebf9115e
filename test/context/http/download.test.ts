import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { downloadFile } from '../../../src/context/http/download.ts';
import { StrataError } from '../../../src/core/errors.ts';
import { listenOnLoopback } from '../../support/loopback.ts';

const scratch = mkdtempSync(join(tmpdir(), 'strata-download-'));
const body = Buffer.alloc(3_000_000, 'content');
const servers: Server[] = [];
const seen: IncomingHttpHeaders[] = [];
let base = '';
let other = '';

async function serve(handler: Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer(handler);
  servers.push(server);
  return `http://${await listenOnLoopback(server)}`;
}

beforeAll(async () => {
  other = await serve((request, response) => {
    seen.push(request.headers);
    response.end('elsewhere');
  });
  base = await serve((request, response) => {
    const path = new URL(request.url ?? '', 'http://x').pathname;
    seen.push(request.headers);
    if (path === '/loop') response.writeHead(302, { location: '/loop' }).end();
    else if (path === '/other') response.writeHead(307, { location: `${other}/moved` }).end();
    else if (path === '/here') response.writeHead(301, { location: 'dir/file' }).end('ignored');
    else if (path === '/cut')
      response.writeHead(200, { 'content-length': '100' }).write('half', () => response.destroy());
    else if (path === '/packed')
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('plain'));
    else if (/^\/\d+$/.test(path)) response.writeHead(Number(path.slice(1))).end('answer');
    else {
      // The name is the URL's, whatever the server would call it.
      response.setHeader('content-disposition', 'attachment; filename="other.zip"');
      response.writeHead(200, { 'last-modified': 'Wed, 21 Oct 2015 07:28:00 GMT' }).end(body);
    }
  });
});
afterAll(() => {
  for (const server of servers) server.close();
  rmSync(scratch, { recursive: true });
});

let count = 0;
const target = (): string => join(scratch, String(count++));

describe('a download', () => {
  it('is the content, its digest and its time', async () => {
    const path = target();
    const hex = createHash('sha256').update(body).digest('hex');
    expect(await downloadFile(`${base}/a/b.tgz?x=y.zip#f`, path)).toEqual({
      name: 'b.tgz',
      lastModified: 1_445_412_480,
      hex,
      validators: { lastModified: 'Wed, 21 Oct 2015 07:28:00 GMT' },
    });
    expect(readFileSync(path).equals(body)).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('is unpacked where the server packed it for the way', async () => {
    const path = target();
    await downloadFile(`${base}/packed`, path);
    expect(readFileSync(path, 'utf8')).toBe('plain');
  });

  const names: [path: string, name: string][] = [
    ['', '__unnamed__'],
    ['/', '__unnamed__'],
    ['/dir/', 'dir'],
    ['/a%20b', 'a b'],
    ['/a%2Fb', 'b'],
    ['/x/%2e%2e', '__unnamed__'],
    ['/100%', '100%'],
    ['/*.txt', '*.txt'],
    ['/%00', '__unnamed__'],
  ];
  for (const [path, name] of names) {
    it(`${path} is called ${name}`, async () => {
      expect((await downloadFile(`${base}${path}`, target())).name).toBe(name);
    });
  }

  it('follows redirects, and tells the next host nothing', async () => {
    const headers = { authorization: 'Bearer secret' };
    seen.length = 0;
    const path = target();
    expect(await downloadFile(`${base}/other`, path, { headers })).toMatchObject({
      name: 'other',
      lastModified: 0,
    });
    expect(readFileSync(path, 'utf8')).toBe('elsewhere');
    expect((await downloadFile(`${base}/here`, target(), { headers })).name).toBe('here');
    expect(seen.map((h) => h.authorization)).toEqual([
      'Bearer secret',
      undefined,
      'Bearer secret',
      'Bearer secret',
    ]);
  });

  const failures: [path: string, code: string, message: string][] = [
    ['/404', 'url-status', 'invalid response status 404'],
    ['/500', 'url-status', 'invalid response status 500'],
    ['/loop', 'url-redirects', 'more than 10 redirects'],
    ['/cut', 'url-unreachable', 'cannot download'],
  ];
  for (const [path, code, message] of failures) {
    it(`${path} is an error`, async () => {
      const failure = await downloadFile(`${base}${path}`, target()).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(StrataError);
      expect(failure).toMatchObject({ code, message: expect.stringContaining(message) });
    });
  }

  it('answers of the 300s without a place to go are taken', async () => {
    const path = target();
    await downloadFile(`${base}/300`, path);
    expect(readFileSync(path, 'utf8')).toBe('answer');
  });

  it('nobody there, with no password in the message', async () => {
    const path = target();
    const failure = await downloadFile('http://me:secret@127.0.0.1:1/x', path).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({
      code: 'url-unreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    expect(String(failure)).not.toContain('secret');
    expect(existsSync(path)).toBe(false);
  });

  describe('through a proxy', () => {
    const asked: string[] = [];
    let proxy = '';
    beforeAll(async () => {
      proxy = await serve((request, response) => {
        asked.push(`${request.headers['proxy-authorization'] ?? 'nobody'} ${request.method} ${request.url}`);
        if (request.url === 'http://files.test/moved')
          response.writeHead(302, { location: 'http://mirror.test/x' }).end();
        else response.end(`for ${request.url}`);
      });
    });

    it('asks it for what is elsewhere, also where it is sent on to', async () => {
      asked.length = 0;
      const path = target();
      const settings = { http: proxy.replace('http://', 'http://me:secret@'), no: '' };
      expect(await downloadFile('http://files.test/moved', path, { proxy: settings })).toMatchObject({
        name: 'moved',
      });
      expect(readFileSync(path, 'utf8')).toBe('for http://mirror.test/x');
      const who = `Basic ${Buffer.from('me:secret').toString('base64')}`;
      expect(asked).toEqual([`${who} GET http://files.test/moved`, `${who} GET http://mirror.test/x`]);
    });

    it('asks loopback itself', async () => {
      asked.length = 0;
      const path = target();
      await downloadFile(`${base}/x`, path, { proxy: { http: proxy } });
      expect(readFileSync(path).equals(body)).toBe(true);
      expect(asked).toEqual([]);
    });

    it('says which is not there, without its password', async () => {
      const failure = downloadFile('http://files.test/x', target(), {
        proxy: { http: 'http://me:secret@127.0.0.1:1' },
      });
      await expect(failure).rejects.toMatchObject({
        code: 'url-unreachable',
        message: 'cannot download http://files.test/x through the proxy 127.0.0.1:1: ECONNREFUSED',
      });
    });
  });

  it('can be canceled', async () => {
    const signal = AbortSignal.abort();
    await expect(downloadFile(`${base}/x`, target(), { signal })).rejects.toMatchObject({ code: 'canceled' });
    expect(readdirSync('/proc/self/fd').length).toBeLessThan(200);
  });
});
