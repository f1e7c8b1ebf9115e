import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sandboxNeeds } from '../support/capabilities.ts';
import { listenOnLoopback } from '../support/loopback.ts';
import { describeBuilds } from '../support/site.ts';

describeBuilds(sandboxNeeds, 'a build that reaches servers through a proxy only', (site) => {
  const asked: string[] = [];
  let tar: Buffer;
  let proxy: string;
  const server = createServer(({ method, url }, response) => {
    asked.push(`${method} ${url}`);
    if (url === 'http://files.test/context.tgz') response.end(tar);
    else if (url === 'http://files.test/Dockerfile')
      response.end('FROM scratch\nADD http://files.test/data /data\nCOPY kept /kept\n');
    else response.end(`from ${url}`);
  });
  beforeAll(async () => {
    tar = execFileSync('tar', ['-C', site.files('sent', { kept: 'kept' }), '-cz', '.']);
    proxy = `http://${await listenOnLoopback(server)}`;
  });
  afterAll(() => server.close());

  test('fetches the context, the Dockerfile and what ADD names there, whatever proxy steps get', async () => {
    const out = site.path('out');
    const args = ['--output', `type=local,dest=${out}`, '-f', 'http://files.test/Dockerfile'];
    args.push('--build-arg', 'HTTP_PROXY=http://127.0.0.1:1');
    const env = { HTTP_PROXY: proxy, NO_PROXY: 'other.test' };
    await site.strataOk(['build', ...args, 'http://files.test/context.tgz'], { env });
    expect(readFileSync(join(out, 'data'), 'utf8')).toBe('from http://files.test/data');
    expect(readFileSync(join(out, 'kept'), 'utf8')).toBe('kept');
    expect(asked).toEqual(
      ['context.tgz', 'Dockerfile', 'data'].map((name) => `GET http://files.test/${name}`),
    );
  });
});
