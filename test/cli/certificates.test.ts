/** $NODE_EXTRA_CA_CERTS: read where TLS is spoken, and not by Node when it starts. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeAuthority } from '../support/certificates.ts';
import { listenOnLoopback } from '../support/loopback.ts';

const strata = fileURLToPath(new URL('../../bin/strata', import.meta.url));
let directory: string;
let authority: string;
let server: Server;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'strata-certificates-'));
  const ca = makeAuthority(join(directory, 'ca'));
  authority = ca.cert;
  const { cert, key } = ca.issue('server');
  server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (_, response) => {
    response.end('content');
  });
  const address = await listenOnLoopback(server);
  mkdirSync(join(directory, 'context'));
  writeFileSync(
    join(directory, 'context/Dockerfile'),
    `FROM scratch\nARG NODE_EXTRA_CA_CERTS\nADD https://${address}/file /file\n`,
  );
});

afterAll(() => {
  server.close();
  rmSync(directory, { recursive: true });
});

async function run(args: readonly string[], certificates: string) {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const given = certificates === '' ? env : { ...env, NODE_EXTRA_CA_CERTS: certificates };
  const done = promisify(execFile)(strata, [...args], { env: given });
  return done.then(
    ({ stdout, stderr }) => ({ ok: true, stdout, stderr }),
    ({ stdout, stderr }: { stdout: string; stderr: string }) => ({ ok: false, stdout, stderr }),
  );
}

const build = () => ['build', '--root', join(directory, 'root'), '--progress', 'none'];

test('Node does not look at them when it starts', async () => {
  // It would say that it cannot.
  expect(await run(['check', '--help'], '/missing')).toMatchObject({ ok: true, stderr: '' });
});

test('a server they vouch for is believed, and another one is not', async () => {
  const context = join(directory, 'context');
  const { ok, stderr } = await run([...build(), context], '');
  expect([ok, stderr]).toEqual([false, expect.stringContaining('url-unreachable')]);
  expect(await run([...build(), context], authority)).toMatchObject({ ok: true });
});

test('a file of them that cannot be read is named where it is needed', async () => {
  const { ok, stderr } = await run([...build(), '--no-cache', join(directory, 'context')], '/missing');
  expect([ok, stderr]).toEqual([false, expect.stringMatching(/\/missing.*\[bad-ca-file\]/)]);
});

test('the variable keeps its name for everything else', async () => {
  const args = ['--call', 'outline', '--build-arg', 'NODE_EXTRA_CA_CERTS', join(directory, 'context')];
  expect((await run([...build(), ...args], authority)).stdout).toContain(authority);
});
