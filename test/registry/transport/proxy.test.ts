import { once } from 'node:events';
import { request as ask, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { proxyFor } from '../../../src/core/proxy.ts';
import { parseReference } from '../../../src/registry/reference.ts';
import { startFaultyRegistry } from '../../support/faulty-registry.ts';
import { addImage, linux, never, openClient } from '../setup.ts';

describe('proxyFor', () => {
  const http = 'http://p.test:3128';
  const https = 's.test:8080';
  it.each([
    ['http://r.test/v2/', '', 'http://p.test:3128/'],
    ['https://r.test/v2/', '', 'http://s.test:8080/'],
    ['http://localhost:5000/', '', undefined],
    ['http://127.1.2.3:5000/', '', undefined],
    ['http://[::1]:5000/', '', undefined],
    ['http://r.test/', '*', undefined],
    ['http://r.test/', 'r.test', undefined],
    ['http://a.r.test/', 'r.test', undefined],
    ['http://ar.test/', 'r.test', http],
    ['http://r.test/', '.r.test', http],
    ['http://a.r.test/', '.r.test', undefined],
    ['http://a.r.test/', '*.r.test', undefined],
    ['http://R.Test/', ' other , r.TEST ', undefined],
    ['http://r.test:5000/', 'r.test:5000', undefined],
    ['http://r.test:5001/', 'r.test:5000', http],
    ['https://r.test/', 'r.test:443', undefined],
    ['http://10.1.2.3/', '10.0.0.0/8', undefined],
    ['http://11.1.2.3/', '10.0.0.0/8', http],
    ['http://r.test/', '10.0.0.0/8', http],
    ['http://10.1.2.3/', '10.1.2.3', undefined],
    ['http://10.1.2.3:81/', '10.1.2.3:81', undefined],
    ['http://[fd00::1]/', 'fd00::/8', undefined],
    ['http://[fe00::1]/', 'fd00::1', http],
    ['http://10.1.2.3/', '10.0.0.0/99,x/y,/', http],
  ])('%s with NO_PROXY=%s goes through %s', (url, no, want) => {
    const proxy = proxyFor(new URL(url), { http, https, no });
    expect(proxy?.href).toBe(want === undefined ? undefined : new URL(want).href);
  });

  it('has none without settings', () => {
    expect(proxyFor(new URL('http://r.test/'), {})).toBeUndefined();
    expect(proxyFor(new URL('http://r.test/'), { http: '', https })).toBeUndefined();
  });

  it.each(['socks5://p.test', 'http://', 'http://a b'])('refuses %s without showing it', (proxy) => {
    expect(() => proxyFor(new URL('http://r.test/'), { http: proxy })).toThrow(
      expect.objectContaining({ code: 'bad-proxy', message: expect.not.stringContaining(proxy) }),
    );
  });
});

describe('a proxy', () => {
  it('is asked for what is not here, with its own password', async () => {
    await using server = await startFaultyRegistry();
    const { manifest } = addImage(server, 'app', '1', []);
    const seen: string[] = [];
    const proxy = createServer((request: IncomingMessage, response: ServerResponse) => {
      seen.push(`${request.headers['proxy-authorization']} ${request.method} ${request.url}`);
      const { pathname } = new URL(request.url ?? '');
      const onward = { method: request.method, headers: { accept: '*/*' } };
      ask(`http://${server.host}${pathname}`, onward, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      }).end();
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const address = proxy.address();
    const port = typeof address === 'object' ? address?.port : 0;
    try {
      await using client = openClient({
        insecure: ['r.test'],
        proxy: { http: `http://me:secret@127.0.0.1:${port}` },
      });
      const reference = parseReference('r.test/app:1');
      const resolved = await client.registry.resolve(reference, linux, client.blobs, never);
      expect(resolved.manifest).toEqual(manifest);
      const basic = `Basic ${Buffer.from('me:secret').toString('base64')}`;
      expect(seen).toEqual([
        `${basic} HEAD http://r.test/v2/app/manifests/1`,
        `${basic} GET http://r.test/v2/app/manifests/${manifest.digest}`,
      ]);
    } finally {
      proxy.close();
      proxy.closeAllConnections();
      await once(proxy, 'close');
    }
  });

  it('that is not there is named, without its password', async () => {
    const server = await startFaultyRegistry();
    await server[Symbol.asyncDispose]();
    await using client = openClient({
      insecure: ['r.test'],
      proxy: { http: `http://me:secret@${server.host}` },
    });
    const resolving = client.registry.resolve(parseReference('r.test/app:1'), linux, client.blobs, never);
    await expect(resolving).rejects.toMatchObject({
      code: 'registry-unreachable',
      message: `cannot reach the registry at r.test:80 through the proxy ${server.host}: connection refused`,
    });
  });
});
