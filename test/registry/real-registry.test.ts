import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRefs } from '../../src/content/refs.ts';
import { digestFromHex } from '../../src/core/digest.ts';
import { mediaTypes } from '../../src/oci/descriptor.ts';
import { encodeJSON } from '../../src/oci/json.ts';
import { parseManifest } from '../../src/oci/manifest.ts';
import { parseReference } from '../../src/registry/reference.ts';
import { describeWith } from '../support/capabilities.ts';
import { type Registry, startRegistry } from '../support/registry.ts';
import { type Client, linux, never, openClient } from './setup.ts';

let directory: string;
let server: Registry;
const unpacked = [tarOf('hello', randomBytes(300_000)), tarOf('world', randomBytes(3_000_000))];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'strata-real-registry-'));
  server = await startRegistry(join(directory, 'registry'));
});
afterAll(async () => {
  await server?.stop();
  rmSync(directory, { recursive: true });
});

/** A tar with one file in it. */
function tarOf(name: string, content: Uint8Array): Buffer {
  const scratch = mkdtempSync(join(tmpdir(), 'strata-tar-'));
  try {
    writeFileSync(join(scratch, name), content);
    return execFileSync('tar', ['-c', '-C', scratch, name], { maxBuffer: 1 << 30 });
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** Passes everything on to a server, and breaks the connection on which it is told the byte with this number. */
async function startCuttingProxy(host: string, bytes: number) {
  const [address, port] = host.split(':');
  let cuts = 0;
  let sent = 0;
  const sockets = new Set<Socket>();
  const proxy = createServer((near) => {
    const far = connect(Number(port), address);
    for (const each of [near, far]) sockets.add(each.on('error', () => undefined));
    near.on('data', (chunk) => {
      sent += chunk.length;
      if (cuts > 0 || sent < bytes) return;
      cuts++;
      near.destroy();
      far.end();
    });
    near.pipe(far).pipe(near);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    host: `127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    cuts: () => cuts,
    async [Symbol.asyncDispose]() {
      proxy.close();
      for (const each of sockets) each.destroy();
      await once(proxy, 'close');
    },
  };
}

const digestOf = (bytes: Uint8Array) => digestFromHex(createHash('sha256').update(bytes).digest('hex'));

/** Puts an image into the client's store. */
async function store({ blobs }: Client) {
  const layers = [];
  for (const tar of unpacked) {
    layers.push({ mediaType: mediaTypes.ociLayerGzip, ...(await blobs.put(gzipSync(tar))) });
  }
  const image = { ...linux, rootfs: { type: 'layers', diff_ids: unpacked.map(digestOf) } };
  const config = { mediaType: mediaTypes.ociConfig, ...(await blobs.put(encodeJSON(image))) };
  const mediaType = mediaTypes.ociManifest;
  const document = encodeJSON({ schemaVersion: 2, mediaType, config, layers });
  const manifest = { mediaType, ...(await blobs.put(document)) };
  return { manifest, config, layers };
}

const skopeo = (...args: string[]) => execFileSync('skopeo', args, { encoding: 'utf8' });

async function pullAll(client: Client, name: string) {
  const reference = parseReference(name);
  const resolved = await client.registry.resolve(reference, linux, client.blobs, never);
  const { config, layers } = parseManifest(resolved.bytes);
  for (const blob of [config, ...layers]) {
    await client.registry.fetchBlob(reference, blob, client.blobs, () => undefined, never);
  }
  return { resolved, config, layers };
}

describeWith(['registry', 'skopeo'], 'a real registry', () => {
  describe.each([
    ['in one piece', 0],
    ['in pieces', 1 << 20],
  ])('takes an image %s', (title, chunkBytes) => {
    it('that skopeo and we get back whole', async () => {
      await using client = openClient();
      const { manifest, config, layers } = await store(client);
      const name = `${server.host}/team/app:${title.replaceAll(' ', '-')}-${chunkBytes}`;
      const receipt = await client.registry.push(
        parseReference(name),
        { blobs: [config, ...layers], manifests: [manifest] },
        client.blobs,
        { chunkBytes },
        never,
      );
      expect(receipt.sent.length + receipt.skipped.length).toBe(3);
      const copy = join(directory, `copy-${chunkBytes}`);
      skopeo('copy', '--src-tls-verify=false', '-q', `docker://${name}`, `oci:${copy}:x`);
      const raw = skopeo('inspect', '--raw', `oci:${copy}:x`);
      expect(digestOf(Buffer.from(raw))).toBe(manifest.digest);
      await using other = openClient();
      const pulled = await pullAll(other, name);
      expect(pulled).toMatchObject({ resolved: { manifest }, config, layers });
      expect(other.blobs.list()).toEqual(client.blobs.list());
    });
  });

  it.each([
    ['oci', mediaTypes.ociManifest],
    ['v2s2', mediaTypes.dockerManifest],
  ])('gives us what skopeo pushed from our own store, as %s', async (format, mediaType) => {
    await using client = openClient();
    const stored = await store(client);
    const local = 'docker.io/library/app:latest';
    await openRefs(join(client.directory, 'images')).set(local, stored.manifest);
    const name = `${server.host}/by-skopeo:${format}`;
    const source = `oci:${join(client.directory, 'images')}:${local}`;
    skopeo('copy', '--dest-tls-verify=false', '-q', '--format', format, source, `docker://${name}`);
    await using other = openClient();
    const { resolved, config, layers } = await pullAll(other, name);
    expect(resolved.manifest.mediaType).toBe(mediaType);
    const bare = (each: { digest: string; size: number }) => [each.digest, each.size];
    expect([config, ...layers].map(bare)).toEqual([stored.config, ...stored.layers].map(bare));
  });

  it('gets an upload anew that it forgot when the connection broke within a piece', async () => {
    await using client = openClient();
    const { manifest, config, layers } = await store(client);
    await using proxy = await startCuttingProxy(server.host, 2_000_000);
    const reference = parseReference(`${proxy.host}/team/cut:1`);
    const image = { blobs: [config, ...layers], manifests: [manifest] };
    const before = server.requests().length;
    await client.registry.push(reference, image, client.blobs, { chunkBytes: 1 << 20 }, never);
    expect(proxy.cuts()).toBe(1);
    const begun = server
      .requests()
      .slice(before)
      .filter(({ method }) => method === 'POST');
    expect(begun.length).toBe(image.blobs.length + 1);
    await using other = openClient();
    expect(await pullAll(other, `${server.host}/team/cut:1`)).toMatchObject({ config, layers });
  });

  it('lets us take over a blob from another repository', async () => {
    await using client = openClient();
    const { manifest, config, layers } = await store(client);
    const image = { blobs: [config, ...layers], manifests: [manifest] };
    await client.registry.push(parseReference(`${server.host}/first:1`), image, client.blobs, {}, never);
    const mountFrom = new Map(image.blobs.map(({ digest }) => [digest, 'first']));
    const second = parseReference(`${server.host}/second:1`);
    expect(await client.registry.push(second, image, client.blobs, { mountFrom }, never)).toEqual({
      sent: [],
      mounted: image.blobs.map(({ digest }) => digest),
      skipped: [],
    });
  });

  it('is asked in every way that the specification has for what we do', async () => {
    const before = server.requests().length;
    await using client = openClient();
    const { manifest, config, layers } = await store(client);
    const image = { blobs: [config, ...layers], manifests: [manifest] };
    const push = (path: string, options = {}) =>
      client.registry.push(parseReference(`${server.host}/${path}`), image, client.blobs, options, never);
    await push('spec/one:1', { chunkBytes: 1 << 20 });
    await push('spec/two:1', { mountFrom: new Map(image.blobs.map(({ digest }) => [digest, 'spec/one'])) });
    await push('spec/one:2');
    await push(`spec/one@${manifest.digest}`);
    await using other = openClient();
    await pullAll(other, `${server.host}/spec/one:1`);
    await pullAll(other, `${server.host}/spec/two@${manifest.digest}`);
    const shapes = server.requests().slice(before);
    const shapeOf = (path: string) =>
      path
        .replace(/spec\/(one|two)/, 'NAME')
        .replace(/sha256:[0-9a-f]{64}$/, 'DIGEST')
        .replace(/uploads\/[0-9a-f-]{36}$/, 'uploads/UPLOAD')
        .replace(/manifests\/[12]$/, 'manifests/TAG');
    const asked = shapes.map(({ method, path, status }) => `${method} ${shapeOf(path)} ${status}`);
    expect([...new Set(asked)].sort()).toEqual([
      'GET /v2/NAME/blobs/DIGEST 200',
      'GET /v2/NAME/manifests/DIGEST 200',
      'HEAD /v2/NAME/blobs/DIGEST 200',
      'HEAD /v2/NAME/blobs/DIGEST 404',
      'HEAD /v2/NAME/manifests/TAG 200',
      'PATCH /v2/NAME/blobs/uploads/UPLOAD 202',
      'POST /v2/NAME/blobs/uploads/ 201',
      'POST /v2/NAME/blobs/uploads/ 202',
      'PUT /v2/NAME/blobs/uploads/UPLOAD 201',
      'PUT /v2/NAME/manifests/DIGEST 201',
      'PUT /v2/NAME/manifests/TAG 201',
    ]);
  });

  it('is found out when it serves a damaged blob', async () => {
    await using client = openClient();
    const { manifest, config, layers } = await store(client);
    const name = `${server.host}/damaged:1`;
    const image = { blobs: [config, ...layers], manifests: [manifest] };
    await client.registry.push(parseReference(name), image, client.blobs, {}, never);
    const [layer] = layers;
    const file = server.blobFile(layer?.digest ?? '');
    const sound = readFileSync(file);
    const damaged = Buffer.from(sound);
    damaged[1000] = (damaged[1000] ?? 0) ^ 1;
    writeFileSync(file, damaged);
    try {
      await using other = openClient();
      await expect(pullAll(other, name)).rejects.toMatchObject({
        code: 'digest-mismatch',
        message: expect.stringContaining(`${server.host} delivered a damaged ${layer?.digest}`),
      });
      expect(other.blobs.has(digestOf(sound))).toBe(false);
    } finally {
      writeFileSync(file, sound);
    }
  });

  it('says in its own words that a name is not there', async () => {
    await using client = openClient();
    await expect(pullAll(client, `${server.host}/nobody/here:1`)).rejects.toMatchObject({
      code: 'registry-not-found',
      message: expect.stringMatching(/404 Not Found: MANIFEST_UNKNOWN: manifest unknown$/),
    });
  });
});
