import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BlobInfo } from '../../../src/content/blob-store.ts';
import { parseReference } from '../../../src/registry/reference.ts';
import { type FaultyRegistry, startFaultyRegistry } from '../../support/faulty-registry.ts';
import { type Client, never, openClient } from '../setup.ts';

let server: FaultyRegistry;
let client: Client;
const bytes = randomBytes(900_000);
let blob: BlobInfo;

beforeEach(async () => {
  server = await startFaultyRegistry();
  client = openClient();
  blob = server.addBlob('app', bytes);
});
afterEach(async () => {
  await client[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

function fetchBlob(
  options: { signal?: AbortSignal; onProgress?: (bytes: number) => void; want?: BlobInfo } = {},
) {
  const { signal = never, onProgress = () => undefined, want = blob } = options;
  return client.registry.fetchBlob(
    parseReference(`${server.host}/app`),
    want,
    client.blobs,
    onProgress,
    signal,
  );
}

const ranges = () => server.seen.map(({ headers }) => headers.range ?? 'all');
const left = () => [client.blobs.list(), readdirSync(join(client.directory, 'ingest'))];

function flipped(some: Buffer): Buffer {
  const copy = Buffer.from(some);
  copy[1_000] = (copy[1_000] ?? 0) ^ 1;
  return copy;
}

const partial = () => readdirSync(join(client.directory, 'partial'));

function expectStored() {
  expect(partial()).toEqual([]);
  expect(readFileSync(client.blobs.path(blob.digest)).equals(bytes)).toBe(true);
  expect(left()).toEqual([[{ digest: blob.digest, size: blob.size }], []]);
}

describe('fetchBlob', () => {
  it('stores a blob, telling how far it is', async () => {
    const told: number[] = [];
    await fetchBlob({ onProgress: (n) => told.push(n) });
    expectStored();
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(told.at(-1)).toBe(blob.size);
  });

  it('asks for nothing that is there, and once for what is wanted twice', async () => {
    await Promise.all([fetchBlob(), fetchBlob(), fetchBlob()]);
    await fetchBlob();
    expect(server.log()).toEqual([`GET /v2/app/blobs/${blob.digest}`]);
  });

  it('takes up a broken connection where it stopped', async () => {
    server.fail(/blobs/, { kind: 'cut', after: 300_000 });
    server.fail(/blobs/, { kind: 'stall', after: 300_000 });
    await fetchBlob();
    expectStored();
    expect(ranges()).toEqual(['all', 'bytes=300000-', 'bytes=600000-']);
  });

  it('goes on as long as it gets on', async () => {
    server.fail(/blobs/, { kind: 'cut', after: 270_000 }, 3);
    server.fail(/blobs/, { kind: 'cut', after: 10 });
    await fetchBlob();
    expectStored();
    expect(server.seen.length).toBe(5);
  });

  it('gives up when it does not', async () => {
    server.fail(/blobs/, { kind: 'cut', after: 10 }, 9);
    await expect(fetchBlob()).rejects.toMatchObject({
      code: 'registry-interrupted',
      message: expect.stringMatching(/the connection broke: .* \(tried 3 times\)$/),
    });
    expect(server.seen.length).toBe(3);
    expect(left()).toEqual([[], []]);
  });

  it('does without ranges where a registry knows none', async () => {
    server.fail(/blobs/, { kind: 'cut', after: 300_000 });
    server.fail(/blobs/, { kind: 'whole' });
    await fetchBlob();
    expectStored();
  });

  it('starts over where a registry refuses the rest', async () => {
    server.fail(/blobs/, { kind: 'cut', after: 300_000 });
    server.fail(/blobs/, { kind: 'status', status: 416 });
    await fetchBlob();
    expectStored();
    expect(ranges()).toEqual(['all', 'bytes=300000-', 'all']);
  });

  it.each([
    ['500', { status: 500 }, 3],
    ['503', { status: 503 }, 3],
    ['429', { status: 429, headers: { 'retry-after': '0' } }, 3],
    ['429 without a wish', { status: 429 }, 3],
  ])('tries again after %s', async (_title, fault, requests) => {
    server.fail(/blobs/, { kind: 'status', ...fault }, 2);
    await fetchBlob();
    expectStored();
    expect(server.seen.length).toBe(requests);
  });

  it('waits as long as it is asked to, and says so', async () => {
    server.fail(/blobs/, { kind: 'status', status: 429, headers: { 'retry-after': '2' } });
    const before = Date.now();
    await fetchBlob();
    expect(Date.now() - before).toBeGreaterThanOrEqual(1_990);
    expect(client.notes).toEqual([
      `GET http://${server.host}/v2/app/blobs/${blob.digest}: 429 Too Many Requests; trying again in 2 s`,
    ]);
  });

  it('waits until the date it was given', async () => {
    const date = new Date(Date.now() + 2_500).toUTCString();
    server.fail(/blobs/, { kind: 'status', status: 503, headers: { 'retry-after': date } });
    await fetchBlob();
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(date));
    expectStored();
  });

  it('does not wait for hours, and says what is allowed', async () => {
    const headers = { 'retry-after': '21600', 'ratelimit-limit': '100;w=21600' };
    server.fail(/blobs/, {
      kind: 'status',
      status: 429,
      headers,
      body: '{"errors":[{"code":"TOOMANYREQUESTS"}]}',
    });
    await expect(fetchBlob()).rejects.toMatchObject({
      code: 'registry-rate-limited',
      message: expect.stringMatching(
        /: 429 Too Many Requests: TOOMANYREQUESTS: it allows 100 requests in 6 h \(it asks to wait 6 h\)$/,
      ),
      hint: expect.stringContaining('log in for a higher limit'),
    });
    expect(server.seen.length).toBe(1);
  });

  it('says how often it tried', async () => {
    server.fail(
      /blobs/,
      { kind: 'status', status: 503, body: '{"errors":[{"code":"UNAVAILABLE","message":"a\\u001b[31mb"}]}' },
      9,
    );
    await expect(fetchBlob()).rejects.toMatchObject({
      code: 'registry-failed',
      message: `GET http://${server.host}/v2/app/blobs/${blob.digest}: 503 Service Unavailable: UNAVAILABLE: a [31mb (tried 3 times)`,
    });
  });

  it('does not try again after a refusal', async () => {
    server.blobs.clear();
    await expect(fetchBlob()).rejects.toMatchObject({ code: 'registry-not-found' });
    expect(server.seen.length).toBe(1);
  });

  it('gets over one flipped byte', async () => {
    server.fail(/blobs/, { kind: 'flip' });
    await fetchBlob();
    expectStored();
  });

  it.each([
    ['a flipped byte', { kind: 'flip' }, 'digest-mismatch'],
    ['too much', { kind: 'grow' }, 'size-mismatch'],
  ] as const)('refuses %s that is there each time', async (_title, fault, code) => {
    server.fail(/blobs/, fault, 9);
    await expect(fetchBlob()).rejects.toMatchObject({
      code,
      message: expect.stringContaining(`${server.host} delivered a damaged ${blob.digest}`),
    });
    expect(left()).toEqual([[], []]);
  });

  it('refuses a blob that is shorter than its descriptor says', async () => {
    await expect(fetchBlob({ want: { ...blob, size: blob.size + 1 } })).rejects.toMatchObject({
      code: 'registry-interrupted',
      message: expect.stringContaining('it ended after 900000 of 900001 bytes'),
    });
    expect(left()).toEqual([[], []]);
  });

  it('stops when it is told to, leaving nothing', async () => {
    const stop = new AbortController();
    server.fail(/blobs/, { kind: 'stall', after: 300_000 });
    const fetching = fetchBlob({ signal: stop.signal, onProgress: () => stop.abort() });
    await expect(fetching).rejects.toMatchObject({ code: 'canceled' });
    expect(left()).toEqual([[], []]);
    await expect(fetchBlob({ signal: stop.signal })).rejects.toMatchObject({ code: 'canceled' });
    await fetchBlob();
    expectStored();
  });

  it('lets one go on when another that shares the download stops', async () => {
    const stop = new AbortController();
    server.fail(/blobs/, { kind: 'stall', after: 300_000 });
    const first = fetchBlob({ signal: stop.signal, onProgress: () => stop.abort() });
    const second = fetchBlob();
    await expect(first).rejects.toMatchObject({ code: 'canceled' });
    await second;
    expectStored();
  });

  it('takes an empty blob', async () => {
    const empty = server.addBlob('app', Buffer.alloc(0));
    await fetchBlob({ want: empty });
    expect(client.blobs.size(empty.digest)).toBe(0);
  });
});

describe('what was left of a download', () => {
  const leave = async (after: number) => {
    server.fail(/blobs/, { kind: 'cut', after }, 1);
    server.fail(/blobs/, { kind: 'cut', after: 0 }, 2);
    await expect(fetchBlob()).rejects.toMatchObject({ code: 'registry-interrupted' });
    expect(partial()).toEqual([blob.digest.slice('sha256:'.length)]);
    server.seen.length = 0;
  };
  const file = () => join(client.directory, 'partial', blob.digest.slice('sha256:'.length));

  it('is where the next one goes on', async () => {
    await leave(500_000);
    const told: number[] = [];
    await fetchBlob({ onProgress: (n) => told.push(n) });
    expectStored();
    expect([ranges(), told[0]]).toEqual([['bytes=500000-'], 500_000]);
    expect(statSync(client.blobs.path(blob.digest)).mode & 0o777).toBe(0o644);
  });

  it('is taken as it is when nothing is missing', async () => {
    await leave(500_000);
    writeFileSync(file(), bytes);
    await fetchBlob();
    expectStored();
    expect(server.seen).toEqual([]);
  });

  it.each<[title: string, left: Buffer, asked: string[]]>([
    ['has a flipped byte', flipped(bytes.subarray(0, 400_000)), ['bytes=400000-', 'all']],
    ['is too long', Buffer.concat([bytes, bytes]), ['all']],
    ['is as long and something else', randomBytes(bytes.length), ['all']],
  ])('is thrown away when it %s', async (_title, left, asked) => {
    await leave(10);
    writeFileSync(file(), left);
    await fetchBlob();
    expectStored();
    expect(ranges()).toEqual(asked);
  });

  it('belongs to one process at a time, and the others get what it got', async () => {
    server.fail(/blobs/, { kind: 'stall', after: 300_000 });
    let isSecondWaiting = false;
    const writer = await client.reopen().resume?.(blob, never);
    const waiting = client.reopen().resume?.(blob, never, () => {
      isSecondWaiting = true;
    });
    await writer?.write(bytes);
    expect(isSecondWaiting).toBe(true);
    await writer?.commit(blob);
    expect(await waiting).toBeUndefined();
    expectStored();
  });

  it('is gone on with by whoever waited when the first gives up', async () => {
    const writer = await client.reopen().resume?.(blob, never);
    await writer?.write(bytes.subarray(0, 600_000));
    const fetching = fetchBlob();
    await expect
      .poll(() => client.notes)
      .toEqual([`${blob.digest} is being downloaded by another process: waiting for it`]);
    await writer?.suspend();
    await fetching;
    expectStored();
    expect(ranges()).toEqual(['bytes=600000-']);
  });

  it('can be waited for only as long as one wants', async () => {
    const writer = await client.reopen().resume?.(blob, never);
    await expect(fetchBlob({ signal: AbortSignal.timeout(50) })).rejects.toMatchObject({ code: 'canceled' });
    await writer?.abort();
    expect(partial()).toEqual([]);
  });
});

describe('a large blob', () => {
  const large = randomBytes((64 << 20) + 12_345);
  const piece = 8 << 20;
  beforeEach(() => {
    blob = server.addBlob('app', large);
  });
  const expectLarge = () => {
    expect(readFileSync(client.blobs.path(blob.digest)).equals(large)).toBe(true);
    expect(partial()).toEqual([]);
  };
  const rangeOf = (at: number) => `bytes=${at * piece}-${Math.min((at + 1) * piece, large.length) - 1}`;

  it('comes in pieces, several at once', async () => {
    const told: number[] = [];
    await fetchBlob({ onProgress: (n) => told.push(n) });
    expectLarge();
    expect(ranges().sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8].map(rangeOf).sort());
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(told.at(-1)).toBe(blob.size);
  });

  it('gets over what goes wrong with some of them', async () => {
    server.fail(/^GET .*/, { kind: 'cut', after: 1_000_000 }, 2);
    server.fail(/GET/, { kind: 'stall', after: 2_000_000 });
    server.fail(/GET/, { kind: 'status', status: 503 });
    await fetchBlob();
    expectLarge();
    expect(server.seen.length).toBe(13);
  });

  it('comes whole from a server that knows no ranges', async () => {
    server.fail(/GET/, { kind: 'whole' }, 99);
    await fetchBlob();
    expectLarge();
    expect(ranges()).toEqual([rangeOf(0), 'all']);
  });

  it('comes to its end when the server forgets about ranges', async () => {
    let count = 0;
    const fetching = fetchBlob({
      onProgress() {
        if (count++ === 0) server.fail(/GET/, { kind: 'whole' }, 99);
      },
    });
    await fetching;
    expectLarge();
  });

  it('that cannot be had ends all that was begun for it', async () => {
    server.fail(/GET/, { kind: 'cut', after: 5_000_000 }, 4);
    server.fail(/GET/, { kind: 'cut', after: 0 }, 99);
    await expect(fetchBlob()).rejects.toMatchObject({ code: 'registry-interrupted' });
    // What was on its way arrives, on a busy machine too.
    await delay(500);
    const asked = server.seen.length;
    await delay(100);
    expect(server.seen.length).toBe(asked);
  });

  it('is gone on with in pieces of what is missing', async () => {
    const writer = await client.blobs.resume?.(blob, never);
    await writer?.write(large.subarray(0, 10_000));
    await writer?.suspend();
    await fetchBlob();
    expectLarge();
    expect(ranges()[0]).toBe(`bytes=10000-${10_000 + piece - 1}`);
  });
});

describe('a registry that cannot be reached', () => {
  it('is named with its port and the reason', async () => {
    await server[Symbol.asyncDispose]();
    const port = server.host.split(':')[1];
    await expect(fetchBlob()).rejects.toMatchObject({
      code: 'registry-unreachable',
      message: `cannot reach the registry at 127.0.0.1:${port}: connection refused`,
      hint: 'check that the registry runs and that the port is right',
    });
    server = await startFaultyRegistry();
  });

  it('is not asked again when it does not speak TLS', async () => {
    await using insecure = openClient({
      mirrors: new Map([['r.test', [`https://${server.host}`]]]),
      timing: { attempts: 1 },
    });
    const reference = parseReference('r.test/app');
    const fetching = insecure.registry.fetchBlob(
      reference,
      blob,
      insecure.blobs,
      () => undefined,
      AbortSignal.timeout(3_000),
    );
    await expect(fetching).rejects.toThrow();
    expect(insecure.notes).toEqual([expect.stringContaining('it does not speak TLS')]);
  });
});
