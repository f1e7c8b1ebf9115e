import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mediaTypes } from '../../../src/oci/descriptor.ts';
import { parseReference } from '../../../src/registry/reference.ts';
import { type FaultyRegistry, startFaultyRegistry } from '../../support/faulty-registry.ts';
import { addImage, type Client, linux, never, openClient } from '../setup.ts';

let server: FaultyRegistry;
let client: Client;
beforeEach(async () => {
  server = await startFaultyRegistry();
  client = openClient();
});
afterEach(async () => {
  await client[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const resolve = (name: string, platform: { os: string; architecture: string; variant?: string } = linux) =>
  client.registry.resolve(parseReference(`${server.host}/${name}`), platform, client.blobs, never);

function addIndex(tag: string, platforms: Readonly<Record<string, object>>) {
  return server.addManifest('app', tag, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: Object.entries(platforms).map(([platform, descriptor]) => {
      const [os, architecture, variant] = platform.split('/');
      return { ...descriptor, platform: { os, architecture, ...(variant === undefined ? {} : { variant }) } };
    }),
  });
}

describe('resolve', () => {
  it('finds a manifest by its tag', async () => {
    const image = addImage(server, 'app', '1', []);
    const resolved = await resolve('app:1');
    expect(resolved).toMatchObject({ manifest: image.manifest, named: image.manifest });
    expect(JSON.parse(Buffer.from(resolved.bytes).toString())).toMatchObject({ config: image.config });
    expect(server.log()).toEqual([
      'HEAD /v2/app/manifests/1',
      `GET /v2/app/manifests/${image.manifest.digest}`,
    ]);
    expect(server.seen[0]?.headers).toMatchObject({
      'user-agent': 'strata/test',
      accept: expect.stringContaining(mediaTypes.dockerManifestList),
    });
  });

  it('asks only whether the tag has moved when the store has the documents', async () => {
    const image = addImage(server, 'app', '1', []);
    const index = addIndex('multi', { 'linux/amd64': image.manifest });
    await resolve('app:multi');
    server.seen.length = 0;
    expect((await resolve('app:multi')).named).toEqual(index);
    expect(server.log()).toEqual(['HEAD /v2/app/manifests/multi']);
  });

  it('asks nothing about a digest that is known, and again when the copy is damaged', async () => {
    const { manifest } = addImage(server, 'app', '1', []);
    await resolve(`app@${manifest.digest}`);
    server.seen.length = 0;
    await resolve(`app:whatever@${manifest.digest}`);
    expect(server.log()).toEqual([]);
    writeFileSync(client.blobs.path(manifest.digest), 'x'.repeat(manifest.size));
    expect((await resolve(`app@${manifest.digest}`)).manifest).toEqual(manifest);
    expect(server.log()).toEqual([`GET /v2/app/manifests/${manifest.digest}`]);
  });

  it('chooses from an index by platform', async () => {
    const amd64 = addImage(server, 'app', 'a', [1]);
    const arm = addImage(server, 'app', 'b', [2]);
    const index = addIndex('multi', {
      'unknown/unknown': amd64.manifest,
      'linux/arm/v6': arm.manifest,
      'linux/amd64': amd64.manifest,
    });
    const resolved = await resolve('app:multi', { os: 'linux', architecture: 'arm', variant: 'v7' });
    expect(resolved.named).toEqual(index);
    expect(resolved.manifest).toEqual({
      ...arm.manifest,
      platform: { os: 'linux', architecture: 'arm', variant: 'v6' },
    });
    await expect(resolve('app:multi', { os: 'linux', architecture: 's390x' })).rejects.toMatchObject({
      code: 'no-matching-platform',
      message: `${server.host}/app:multi has no image for linux/s390x`,
      hint: 'it has linux/arm/v6, linux/amd64: choose one with --platform',
    });
  });

  it('does with GET where a registry has no HEAD', async () => {
    const { manifest } = addImage(server, 'app', '1', []);
    server.fail(/^HEAD/, { kind: 'status', status: 405 });
    expect((await resolve('app:1')).manifest).toEqual(manifest);
    expect(server.log()).toEqual(['HEAD /v2/app/manifests/1', 'GET /v2/app/manifests/1']);
  });

  it('follows redirects, also to another server', async () => {
    const { manifest } = addImage(server, 'app', '1', []);
    await using other = await startFaultyRegistry();
    addImage(other, 'app', '1', []);
    server.fail(/^GET/, { kind: 'redirect', to: `http://${other.host}/v2/app/manifests/1` });
    await expect(resolve(`app@${manifest.digest}`)).resolves.toMatchObject({ manifest });
    expect(other.log()).toEqual(['GET /v2/app/manifests/1']);
  });
});

describe('resolve fails', () => {
  it.each([
    [
      'a name that is not there',
      'app:no',
      'registry-not-found',
      /^GET .*\/v2\/app\/manifests\/no: 404 Not Found: MANIFEST_UNKNOWN: manifest unknown$/,
    ],
    ['schema 1', 'app:v1', 'schema1-manifest', /first format/],
    ['an artifact', 'app:chart', 'registry-protocol', /"application\/vnd.test"/],
    ['a broken document', 'app:broken', 'bad-manifest', /layers: want a list/],
    ['an index in an index for ever', 'app:loop', 'no-matching-platform', /has no image/],
  ])('for %s', async (_title, name, code, message) => {
    server.addManifest('app', 'v1', {
      schemaVersion: 1,
      mediaType: 'application/vnd.docker.distribution.manifest.v1+json',
    });
    server.addManifest('app', 'chart', { schemaVersion: 2, mediaType: 'application/vnd.test' });
    server.addManifest('app', 'broken', {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: addImage(server, 'app', 'x', []).config,
    });
    let nested = addIndex('deep', {});
    for (let i = 0; i < 5; i++) nested = addIndex('loop', { 'linux/amd64': nested });
    await expect(resolve(name)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it.each([
    ['flip', /delivered another manifest than was asked for|not JSON/, 1],
    ['cut', /the connection broke.*\(tried 3 times\)/, 3],
    ['stall', /the server fell silent \(tried 3 times\)/, 3],
  ] as const)('when the manifest does not arrive whole: %s', async (kind, message, tries) => {
    const { manifest } = addImage(server, 'app', '1', []);
    server.fail(/^GET/, kind === 'flip' ? { kind } : { kind, after: 10 }, 9);
    await expect(resolve(`app@${manifest.digest}`)).rejects.toThrow(message);
    expect(server.log().length).toBe(tries);
    expect(client.blobs.list()).toEqual([]);
  });

  it('when redirects never end', async () => {
    const { manifest } = addImage(server, 'app', '1', []);
    server.fail(/./, { kind: 'redirect', to: '/v2/app/manifests/1' }, 99);
    await expect(resolve(`app@${manifest.digest}`)).rejects.toMatchObject({
      code: 'registry-protocol',
      message: expect.stringMatching(/more than 5 redirects$/),
    });
  });

  it('when the server is no registry', async () => {
    server.fail(/./, { kind: 'status', status: 200, body: '<html>hello</html>' }, 9);
    await expect(resolve('app:1')).rejects.toMatchObject({
      code: 'registry-protocol',
      message: expect.stringMatching(/\/v2\/app\/manifests\/1 is no image manifest: manifest is not JSON/),
    });
  });

  it('when the answer is endless', async () => {
    server.fail(/^HEAD/, { kind: 'status', status: 405 });
    server.manifests.set('app:1', { mediaType: mediaTypes.ociManifest, bytes: Buffer.alloc(5 << 20, ' ') });
    await expect(resolve('app:1')).rejects.toMatchObject({
      code: 'registry-protocol',
      message: expect.stringMatching(/longer than 4194304 bytes$/),
    });
  });
});
