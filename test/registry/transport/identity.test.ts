import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RegistryClientOptions, Trust } from '../../../src/registry/options.ts';
import { parseReference } from '../../../src/registry/reference.ts';
import { type Authority, type CertificatePair, makeAuthority } from '../../support/certificates.ts';
import { type FaultyRegistry, startFaultyRegistry } from '../../support/faulty-registry.ts';
import { clientOptions } from '../../support/registry-client.ts';
import { addImage, linux, never, openClient } from '../setup.ts';

let directory: string;
let authority: Authority;
let pair: CertificatePair;
let server: FaultyRegistry;
/** In Docker's form: what belongs to the server's host lies in `own`. */
let hosts: string;
let own: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'strata-identity-'));
  authority = makeAuthority(directory);
  pair = authority.issue('server');
});
afterAll(() => rmSync(directory, { recursive: true }));
beforeEach(async () => {
  await start({});
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(hosts, { recursive: true });
});

async function start(more: { readonly ca?: string }): Promise<void> {
  const tls = { key: readFileSync(pair.key, 'utf8'), cert: readFileSync(pair.cert, 'utf8'), ...more };
  server = await startFaultyRegistry({ tls });
  addImage(server, 'app', '1', []);
  hosts = join(directory, 'certs.d');
  own = join(hosts, server.host);
  mkdirSync(own, { recursive: true });
}

async function resolve(options: Partial<RegistryClientOptions> = {}, trust: Partial<Trust> = {}) {
  await using client = openClient({
    trust: { ...clientOptions.trust, hostDirectories: [hosts], ...trust },
    ...options,
  });
  const reference = parseReference(`${server.host}/app:1`);
  return await client.registry.resolve(reference, linux, client.blobs, never);
}

const trustHere = () => copyFileSync(authority.cert, join(own, 'ca.crt'));
const distrust = { code: 'registry-untrusted', message: expect.stringMatching(/signed by nobody we trust$/) };

describe('a loopback registry that speaks TLS is met by it', () => {
  it('and refused without its authority', async () => {
    await expect(resolve()).rejects.toMatchObject(distrust);
  });

  it.each<[title: string, trust: () => Partial<Trust>]>([
    ['for all hosts', () => ({ caFiles: [authority.cert] })],
    ['of the system', () => ({ systemFile: authority.cert })],
    [
      'for this host',
      () => {
        trustHere();
        return {};
      },
    ],
  ])('with an authority: %s', async (_title, trust) => {
    await expect(resolve({}, trust())).resolves.toBeDefined();
    expect(server.log().slice(-2)).toEqual([
      'HEAD /v2/app/manifests/1',
      expect.stringMatching(/^GET \/v2\/app\/manifests\/sha256:/),
    ]);
  });

  it("but not with another host's", async () => {
    mkdirSync(join(hosts, '127.0.0.1:1'));
    copyFileSync(authority.cert, join(hosts, '127.0.0.1:1', 'ca.crt'));
    await expect(resolve()).rejects.toMatchObject(distrust);
  });

  it.each([['127.0.0.1'], ['127.0.0.0/8']])('and believed when it is named as insecure: %s', async (name) => {
    await expect(resolve({ insecure: [name] })).resolves.toBeDefined();
  });
});

describe('a registry that wants to know its clients', () => {
  beforeEach(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(hosts, { recursive: true });
    await start({ ca: readFileSync(authority.cert, 'utf8') });
    trustHere();
  });

  it('is shown the certificate for its host', async () => {
    const client = authority.issue('client');
    copyFileSync(client.cert, join(own, 'client.cert'));
    copyFileSync(client.key, join(own, 'client.key'));
    await expect(resolve()).resolves.toBeDefined();
  });

  it('does not talk without one', async () => {
    await expect(resolve()).rejects.toMatchObject({ code: expect.stringMatching(/^registry-/) });
    expect(server.seen).toEqual([]);
  });

  it.each([
    ['a certificate without its key', ['client.cert'], /client\.cert has no client\.key beside it$/],
    ['a key without its certificate', ['client.key'], /client\.key has no client\.cert beside it$/],
    ['files that are none', ['client.cert', 'client.key'], /the client certificate for .* cannot be used/],
  ])('cannot be met with %s', async (_title, names, message) => {
    for (const name of names) writeFileSync(join(own, name), 'hello');
    await expect(resolve()).rejects.toMatchObject({
      code: 'bad-client-certificate',
      message: expect.stringMatching(message),
    });
  });
});
