import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Descriptor, mediaTypes } from '../../../src/oci/descriptor.ts';
import { encodeJSON } from '../../../src/oci/json.ts';
import type { PushImage, PushOptions } from '../../../src/registry/push/push-image.ts';
import { parseReference } from '../../../src/registry/reference.ts';
import { type FaultyRegistry, startFaultyRegistry } from '../../support/faulty-registry.ts';
import { type Client, linux, never, openClient } from '../setup.ts';

let server: FaultyRegistry;
let client: Client;
let layer: Descriptor;
let image: PushImage;
const bytes = randomBytes(2_500_000);

beforeEach(async () => {
  server = await startFaultyRegistry();
  client = openClient();
  image = await store(client);
  layer = image.blobs[1] as Descriptor;
});
afterEach(async () => {
  await client[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

async function store({ blobs }: Client): Promise<PushImage> {
  const stored = { mediaType: mediaTypes.ociLayerGzip, ...(await blobs.put(bytes)) };
  const diffIDs = [stored.digest];
  const document = encodeJSON({ ...linux, rootfs: { type: 'layers', diff_ids: diffIDs } });
  const config = { mediaType: mediaTypes.ociConfig, ...(await blobs.put(document)) };
  const mediaType = mediaTypes.ociManifest;
  const manifest = encodeJSON({ schemaVersion: 2, mediaType, config, layers: [stored, stored] });
  return { blobs: [config, stored, stored], manifests: [{ mediaType, ...(await blobs.put(manifest)) }] };
}

const push = (options: PushOptions = {}, name = 'app:1', pushed = image) =>
  client.registry.push(parseReference(`${server.host}/${name}`), pushed, client.blobs, options, never);

function expectPushed(repository = 'app') {
  for (const { digest, size } of image.blobs)
    expect(server.blobs.get(`${repository}@${digest}`)?.length).toBe(size);
  expect(server.blobs.get(`${repository}@${layer.digest}`)?.equals(bytes)).toBe(true);
  expect(server.manifests.get(`${repository}:1`)).toMatchObject({ mediaType: mediaTypes.ociManifest });
}

/** The requests for the layer, without what differs from run to run. */
const uploads = () =>
  server.seen
    .filter(
      ({ method, path }) =>
        /uploads\/./.test(path) && (method !== 'PUT' || path.includes(layer.digest.slice(7))),
    )
    .map(({ method, headers }) =>
      [method, headers['content-range'] ?? headers['content-length']].join(' ').trim(),
    );

describe('push', () => {
  it('sends every blob once and the manifest last', async () => {
    const told = new Map<string, number>();
    const receipt = await push({ onProgress: (blob, sent) => told.set(blob.digest, sent) });
    expectPushed();
    expect(receipt).toEqual({
      sent: image.blobs.slice(0, 2).map(({ digest }) => digest),
      mounted: [],
      skipped: [],
    });
    expect(told.get(layer.digest)).toBe(layer.size);
    expect(server.log().at(-1)).toBe('PUT /v2/app/manifests/1');
    expect(uploads()).toEqual(['PUT 2500000']);
  });

  it('skips what is there', async () => {
    await push();
    server.seen.length = 0;
    expect(await push({}, 'app:2')).toMatchObject({
      sent: [],
      skipped: [image.blobs[0]?.digest, layer.digest],
    });
    expect(server.seen.map(({ method }) => method)).toEqual(['HEAD', 'HEAD', 'PUT']);
  });

  it('takes over blobs of another repository', async () => {
    await push();
    const mountFrom = new Map([[layer.digest, 'app']]);
    expect(await push({ mountFrom }, 'other:1')).toMatchObject({
      sent: [image.blobs[0]?.digest],
      mounted: [layer.digest],
    });
    expectPushed('other');
    expect(await push({ mountFrom: new Map([[layer.digest, 'no/such']]) }, 'third:1')).toMatchObject({
      mounted: [],
    });
    expectPushed('third');
  });

  it('pushes an index after its manifests, and names only the index', async () => {
    const document = encodeJSON({
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: image.manifests,
    });
    const index = { mediaType: mediaTypes.ociIndex, ...(await client.blobs.put(document)) };
    await push({}, 'app:multi', { ...image, manifests: [...image.manifests, index] });
    const puts = server.log().filter((line) => line.startsWith('PUT /v2/app/manifests'));
    expect(puts).toEqual([
      `PUT /v2/app/manifests/${image.manifests[0]?.digest}`,
      'PUT /v2/app/manifests/multi',
    ]);
  });

  it('sends in pieces when asked to', async () => {
    await push({ chunkBytes: 1_000_000 });
    expectPushed();
    expect(uploads()).toEqual(['PATCH 0-999999', 'PATCH 1000000-1999999', 'PATCH 2000000-2499999', 'PUT 0']);
  });

  it('asks how far a broken piece came and sends the rest of it', async () => {
    server.fail(/PATCH/, { kind: 'cut', after: 400_000 });
    await push({ chunkBytes: 1_500_000 });
    expectPushed();
    expect(uploads()).toEqual([
      'PATCH 0-1499999',
      'GET',
      'PATCH 400000-1499999',
      'PATCH 1500000-2499999',
      'PUT 0',
    ]);
  });

  it('sends larger pieces where the registry wants them', async () => {
    const headers = { location: '', 'oci-chunk-min-length': '2000000' };
    await push({}, 'app:warm', { ...image, blobs: image.blobs.slice(0, 1) });
    server.fail(/POST/, {
      kind: 'status',
      status: 202,
      headers: { ...headers, location: await startUpload() },
    });
    await push({ chunkBytes: 1_000 });
    expectPushed();
    expect(uploads().slice(-3)).toEqual(['PATCH 0-1999999', 'PATCH 2000000-2499999', 'PUT 0']);
  });

  it('sends again what broke', async () => {
    server.fail(/PUT .*uploads/, { kind: 'cut', after: 100 });
    server.fail(/POST/, { kind: 'status', status: 503 });
    server.fail(/PUT .*manifests/, { kind: 'status', status: 500 });
    await push();
    expectPushed();
  });

  it('gets in where a token is needed, with the right to push and to take over', async () => {
    await using guarded = await startFaultyRegistry({ guard: { kind: 'token' } });
    const reference = parseReference(`${guarded.host}/app:1`);
    const mountFrom = new Map([[layer.digest, 'base']]);
    await client.registry.push(reference, image, client.blobs, { mountFrom }, never);
    const [token] = guarded.log().filter((line) => line.startsWith('GET /token'));
    expect(token).toBe(
      'GET /token?service=test&scope=repository%3Aapp%3Apull%2Cpush&scope=repository%3Abase%3Apull',
    );
  });

  it('never goes to a mirror', async () => {
    await using mirror = await startFaultyRegistry();
    await using mirrored = openClient({ mirrors: new Map([[server.host, [mirror.host]]]) });
    const reference = parseReference(`${server.host}/app:1`);
    await mirrored.registry.push(reference, await store(mirrored), mirrored.blobs, {}, never);
    expectPushed();
    expect(mirror.seen).toEqual([]);
  });
});

async function startUpload(): Promise<string> {
  const answer = await fetch(`http://${server.host}/v2/app/blobs/uploads/`, { method: 'POST' });
  return answer.headers.get('location') ?? '';
}

describe('push fails', () => {
  it('when the registry refuses', async () => {
    server.fail(
      /POST/,
      { kind: 'status', status: 403, body: '{"errors":[{"code":"DENIED","message":"not yours"}]}' },
      9,
    );
    await expect(push()).rejects.toMatchObject({
      code: 'registry-denied',
      message: `POST http://${server.host}/v2/app/blobs/uploads/: 403 Forbidden: DENIED: not yours`,
    });
    expect(server.manifests.size).toBe(0);
  });

  it('when our own blob is damaged', async () => {
    writeFileSync(client.blobs.path(layer.digest), Buffer.alloc(bytes.length));
    await expect(push()).rejects.toMatchObject({ code: 'blob-damaged' });
    expect([server.manifests.size, server.blobs.has(`app@${layer.digest}`)]).toEqual([0, false]);
  });

  it('when the registry stores something else', async () => {
    const headers = { 'docker-content-digest': `sha256:${'0'.repeat(64)}` };
    server.fail(/PUT .*manifests/, { kind: 'status', status: 201, headers });
    await expect(push()).rejects.toMatchObject({
      code: 'digest-mismatch',
      message: expect.stringContaining('stored another manifest than was sent'),
    });
  });

  it('when nobody says where to send a blob', async () => {
    server.fail(/POST/, { kind: 'status', status: 202 }, 9);
    await expect(push()).rejects.toMatchObject({ code: 'registry-protocol' });
  });
});

describe('a body that is too large for the registry', () => {
  it('goes in pieces instead', async () => {
    const largestBody = 9 << 20;
    await using small = await startFaultyRegistry({ largestBody });
    const large = randomBytes(20_000_000);
    const blob = { mediaType: mediaTypes.ociLayerGzip, ...(await client.blobs.put(large)) };
    const reference = parseReference(`${small.host}/app:1`);
    await client.registry.push(reference, { ...image, blobs: [blob] }, client.blobs, {}, never);
    expect(small.blobs.get(`app@${blob.digest}`)?.equals(large)).toBe(true);
    const sizes = small.seen
      .filter(({ method }) => method === 'PATCH')
      .map(({ headers }) => headers['content-length']);
    expect(sizes.map(Number).every((size) => size <= largestBody)).toBe(true);
    expect(sizes.length).toBe(3);
  });
});

describe('credentials', () => {
  it('do not follow an upload to another server', async () => {
    const credentials = async () => ({ username: 'me', password: 'secret' });
    await using guarded = await startFaultyRegistry({
      guard: { kind: 'basic', username: 'me', password: 'secret' },
    });
    await using known = openClient({ credentials });
    const pushed = await store(known);
    await known.registry.push(
      parseReference(`${guarded.host}/app:1`),
      { ...pushed, blobs: [] },
      known.blobs,
      {},
      never,
    );
    const location = `http://${server.host}${await startUpload()}`;
    guarded.fail(/POST/, { kind: 'status', status: 202, headers: { location } });
    const reference = parseReference(`${guarded.host}/app:2`);
    await known.registry.push(reference, { ...pushed, blobs: [layer] }, known.blobs, {}, never);
    expect(server.blobs.has(`app@${layer.digest}`)).toBe(true);
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
  });
});
