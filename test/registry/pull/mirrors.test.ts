import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseReference } from '../../../src/registry/reference.ts';
import { type FaultyRegistry, startFaultyRegistry } from '../../support/faulty-registry.ts';
import { clientOptions } from '../../support/registry-client.ts';
import { addImage, type Client, linux, never, openClient, type TestImage } from '../setup.ts';

let origin: FaultyRegistry;
let mirror: FaultyRegistry;
let image: TestImage;
let client: Client;

beforeEach(async () => {
  origin = await startFaultyRegistry();
  mirror = await startFaultyRegistry();
  image = addImage(origin, 'app', '1', [100_000]);
  for (const [key, bytes] of origin.blobs) mirror.blobs.set(key, bytes);
  for (const [key, manifest] of origin.manifests) mirror.manifests.set(key, manifest);
  client = openClient({ mirrors: new Map([[origin.host, [mirror.host]]]) });
});
afterEach(async () => {
  await client[Symbol.asyncDispose]();
  await mirror[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
});

async function pull(): Promise<void> {
  const reference = parseReference(`${origin.host}/app:1`);
  await client.registry.resolve(reference, linux, client.blobs, never);
  for (const blob of [image.config, ...image.layers]) {
    await client.registry.fetchBlob(reference, blob, client.blobs, () => undefined, never);
  }
  const stored = client.blobs.list().map(({ digest }) => digest);
  expect(stored).toEqual([image.manifest, image.config, ...image.layers].map(({ digest }) => digest).sort());
}

describe('a mirror', () => {
  it('that is the registry itself does not keep the registry from being asked', async () => {
    await client[Symbol.asyncDispose]();
    client = openClient({ mirrors: new Map([[origin.host, [origin.host]]]) });
    origin.fail(/manifests/, { kind: 'status', status: 500 }, 2);
    await pull();
    expect(client.notes).toEqual([expect.stringMatching(/^mirror .* is left out: .*500/)]);
  });

  it('serves instead of the registry', async () => {
    await pull();
    expect([origin.seen.length, mirror.seen.length, client.notes]).toEqual([0, 4, []]);
  });

  it.each<[string, (mirror: FaultyRegistry) => void | PromiseLike<void>, RegExp, number]>([
    ['is down', (each) => each[Symbol.asyncDispose](), /connection refused$/, 4],
    ['has nothing', (each) => each.manifests.clear(), /404 Not Found: MANIFEST_UNKNOWN/, 4],
    ['has no blobs', (each) => each.blobs.clear(), /404 Not Found: BLOB_UNKNOWN/, 2],
    ['is ill', (each) => each.fail(/./, { kind: 'status', status: 500 }, 99), /500 .*\(tried 2 times\)$/, 4],
    [
      'wants a password',
      (each) => each.fail(/./, { kind: 'status', status: 401 }, 99),
      /401 Unauthorized$/,
      4,
    ],
    ['breaks off', (each) => each.fail(/blobs/, { kind: 'cut', after: 9 }, 99), /connection broke/, 2],
    ['falls silent', (each) => each.fail(/blobs/, { kind: 'stall', after: 9 }, 99), /fell silent/, 2],
    [
      'has damaged manifests',
      (each) => each.fail(/GET .*manifests/, { kind: 'flip' }, 99),
      /delivered|JSON|manifest/,
      4,
    ],
    [
      'has damaged blobs',
      (each) => each.fail(/blobs/, { kind: 'flip' }, 99),
      /delivered a damaged sha256:/,
      2,
    ],
    [
      'is no registry',
      (each) => each.fail(/./, { kind: 'status', status: 200, body: 'hi' }, 99),
      /not JSON/,
      4,
    ],
    ['sends elsewhere', (each) => each.fail(/./, { kind: 'redirect', to: 'ftp://x' }, 99), /redirect to/, 4],
  ])('that %s is left with one note', async (_title, damage, reason, askedOfOrigin) => {
    await damage(mirror);
    await pull();
    const left = client.notes.filter((note) => note.startsWith(`mirror ${mirror.host} is left out: `));
    expect(left).toEqual([expect.stringMatching(reason)]);
    expect(origin.seen.length).toBe(askedOfOrigin);
    mirror = await startFaultyRegistry();
  });

  it('is one of several', async () => {
    await using second = await startFaultyRegistry();
    for (const [key, bytes] of mirror.blobs) second.blobs.set(key, bytes);
    for (const [key, manifest] of mirror.manifests) second.manifests.set(key, manifest);
    mirror.fail(/./, { kind: 'status', status: 404 }, 99);
    await client[Symbol.asyncDispose]();
    client = openClient({ mirrors: new Map([[origin.host, [mirror.host, second.host]]]) });
    await pull();
    expect([origin.seen.length, second.seen.length]).toEqual([0, 4]);
  });

  it('does not hide that the registry has nothing either', async () => {
    mirror.manifests.clear();
    origin.manifests.clear();
    await expect(pull()).rejects.toMatchObject({
      code: 'registry-not-found',
      message: expect.stringContaining(origin.host),
    });
  });

  describe('beside a registry that gives no answer', () => {
    const failed = () => pull().catch((error: unknown) => error);
    const registry = () => `cannot reach the registry at ${origin.host}: connection refused`;

    it('is named with what it said', async () => {
      mirror.manifests.clear();
      await origin[Symbol.asyncDispose]();
      const asked = `GET http://${mirror.host}/v2/app/manifests/1: 404 Not Found: MANIFEST_UNKNOWN`;
      expect(await failed()).toMatchObject({
        code: 'registry-unreachable',
        message: expect.stringContaining(
          `${registry()}; its mirror ${mirror.host} does not have it: ${asked}`,
        ),
        hint: 'check the name and the tag of the image; check that the registry runs and that the port is right',
      });
      // The mirror is not asked again: it may have said that of another tag.
      expect(await failed()).toMatchObject({
        message: expect.stringContaining(`${registry()}; its mirror ${mirror.host} failed before: ${asked}`),
        hint: 'check that the registry runs and that the port is right',
      });
      origin = await startFaultyRegistry();
    });

    it('is named with why it said nothing either', async () => {
      await mirror[Symbol.asyncDispose]();
      await origin[Symbol.asyncDispose]();
      expect(await failed()).toMatchObject({
        code: 'registry-unreachable',
        message: `${registry()}; its mirror ${mirror.host} failed: cannot reach the registry at ${mirror.host}: connection refused`,
      });
      mirror = await startFaultyRegistry();
      origin = await startFaultyRegistry();
    });
  });

  it('does not stand in the way of stopping', async () => {
    mirror.fail(/./, { kind: 'stall', after: 1 }, 9);
    const reference = parseReference(`${origin.host}/app:1`);
    const signal = AbortSignal.timeout(50);
    await expect(client.registry.resolve(reference, linux, client.blobs, signal)).rejects.toMatchObject({
      code: 'canceled',
    });
    expect([origin.seen, client.notes]).toEqual([[], []]);
  });
});

describe('over TLS', () => {
  let directory: string;
  let secure: FaultyRegistry;
  let certificate: string;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'strata-tls-'));
    certificate = join(directory, 'cert.pem');
    const key = join(directory, 'key.pem');
    const request = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
    ];
    const names = ['-subj', '/CN=strata test', '-addext', 'subjectAltName=IP:127.0.0.1'];
    execFileSync('openssl', [...request, ...names, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
    secure = await startFaultyRegistry({
      tls: { key: readFileSync(key, 'utf8'), cert: readFileSync(certificate, 'utf8') },
    });
    for (const [name, bytes] of origin.blobs) secure.blobs.set(name, bytes);
    for (const [name, manifest] of origin.manifests) secure.manifests.set(name, manifest);
  });
  afterEach(async () => {
    await secure[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true });
  });

  const reopen = async (caFiles: string[]) => {
    await client[Symbol.asyncDispose]();
    const trust = { ...clientOptions.trust, caFiles };
    client = openClient({ trust, mirrors: new Map([[origin.host, [`https://${secure.host}`]]]) });
  };

  it('a registry is trusted when its authority is', async () => {
    await reopen([certificate]);
    await pull();
    expect([secure.seen.length, client.notes]).toEqual([4, []]);
  });

  it('and not otherwise, which is no matter of trying again', async () => {
    await reopen([]);
    await pull();
    expect(client.notes).toEqual([
      `mirror ${secure.host} is left out: cannot reach the registry at 127.0.0.1:${secure.host.split(':')[1]}: its certificate is signed by nobody we trust`,
    ]);
  });

  it('a registry gets no password that it wants in the clear', async () => {
    await client[Symbol.asyncDispose]();
    client = openClient({
      trust: { ...clientOptions.trust, caFiles: [certificate] },
      mirrors: new Map([[origin.host, [`https://${secure.host}`]]]),
      credentials: async () => ({ username: 'me', password: 'secret' }),
    });
    const headers = { 'www-authenticate': `Bearer realm="http://${mirror.host}/token"` };
    secure.fail(/./, { kind: 'status', status: 401, headers }, 9);
    await pull();
    expect(client.notes).toEqual([expect.stringContaining('wants its password sent in the clear')]);
    expect(mirror.seen).toEqual([]);
  });

  it.each([
    ['missing', undefined, /^cannot read the CA file/],
    ['no certificate', 'hello', /holds no certificate in PEM form$/],
  ])('a CA file can be wrong: %s', async (_title, content, message) => {
    const path = join(directory, 'ca.pem');
    if (content !== undefined) writeFileSync(path, content);
    await reopen([path]);
    await expect(pull()).rejects.toMatchObject({
      code: 'bad-ca-file',
      message: expect.stringMatching(message),
    });
  });
});
