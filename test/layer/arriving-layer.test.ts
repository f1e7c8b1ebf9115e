/** Large layers are listed while their blobs are downloaded: whatever happens meanwhile, the listing is right. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { BlobStore } from '../../src/content/blob-store.ts';
import { openBlobStore } from '../../src/content/dir-store.ts';
import { digestFromHex } from '../../src/core/digest.ts';
import type { LayerEntry } from '../../src/layer/layer-entry.ts';
import { openLayerStore } from '../../src/layer/layer-store.ts';
import { packLayer } from '../../src/layer/pack.ts';
import type { Descriptor, StoredLayer } from '../../src/oci/descriptor.ts';
import { openSnapshotter } from '../../src/snapshot/overlay-snapshotter.ts';
import { describeWith } from '../support/capabilities.ts';
import { entryOf } from '../tar/archive.ts';

type Download = (blobs: BlobStore, descriptor: Descriptor, bytes: Uint8Array) => Promise<void>;

const { signal } = new AbortController();
const pieceBytes = 1 << 20;
const megabytes = 9;

/** Writes a part of the blob, slowly enough to be overtaken. */
async function receive(blobs: BlobStore, descriptor: Descriptor, bytes: Uint8Array): Promise<void> {
  const writer = await blobs.resume?.(descriptor, signal);
  if (writer === undefined) throw new Error('somebody else downloads the blob');
  for (let at = writer.size; at < bytes.length; at += pieceBytes) {
    await writer.write(bytes.subarray(at, at + pieceBytes));
    await delay(5);
  }
  if (bytes.length === descriptor.size) await writer.commit(descriptor);
  else await writer.suspend();
}

const half = (bytes: Uint8Array) => bytes.subarray(0, bytes.length / 2);

describeWith(['root'], 'a layer that arrives', () => {
  let directory: string;
  let layer: StoredLayer;
  let bytes: Uint8Array;
  let root: string;
  let count = 0;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'strata-arriving-'));
    const remote = openBlobStore(join(directory, 'remote'), join(directory, 'ingest'));
    const entries = Array.from({ length: megabytes }, (_, index): LayerEntry => {
      const content = randomBytes(pieceBytes);
      return {
        ...entryOf({ path: `file-${index}`, size: content.length }),
        content: { kind: 'bytes', bytes: content },
      };
    });
    layer = (await packLayer(entries, remote, { compression: { algorithm: 'gzip' } })).layer;
    bytes = readFileSync(remote.path(layer.descriptor.digest));
  });
  afterAll(() => rmSync(directory, { recursive: true }));
  beforeEach(() => {
    root = join(directory, String(count++));
  });

  /** @param readAgain told when the layer is listed from its blob after all */
  function open(download: Download, readAgain = () => {}) {
    const stored = openBlobStore(join(root, 'images'), join(root, 'run/ingest'), join(root, 'partial'));
    const blobs: BlobStore = {
      ...stored,
      open(info) {
        readAgain();
        return stored.open(info);
      },
    };
    return openLayerStore(root, {
      canFetch: () => true,
      disown: (_, error) => error,
      snapshotter: openSnapshotter(join(root, 'snapshots'), join(root, 'run/0')),
      blobs,
      fetch: (descriptor) => download(stored, descriptor, bytes),
    });
  }
  const held = () =>
    process.getActiveResourcesInfo().filter((name) => ['MessagePort', 'Worker'].includes(name)).length;
  const names = Array.from({ length: megabytes }, (_, index) => `file-${index}`);

  /** Whether what arrived first is sure to have been the layer; else the thread may have come too late to see it. */
  const downloads: [title: string, download: Download, isRight: boolean][] = [
    ['piece by piece', receive, true],
    [
      'of which a part was there',
      async (blobs, descriptor, all) => {
        await receive(blobs, descriptor, half(all));
        await delay(50);
        await receive(blobs, descriptor, all);
      },
      true,
    ],
    [
      'and was something else at first',
      async (blobs, descriptor, all) => {
        await receive(
          blobs,
          descriptor,
          half(all).map((byte) => byte ^ 1),
        );
        await delay(100);
        for (const name of readdirSync(join(root, 'partial'))) rmSync(join(root, 'partial', name));
        await receive(blobs, descriptor, all);
      },
      false,
    ],
    [
      'and had another end at first',
      async (blobs, descriptor, all) => {
        const wrong = all.map((byte, at) => (at < all.length / 2 ? byte : 7));
        await receive(blobs, descriptor, wrong).catch(() => undefined);
        await receive(blobs, descriptor, all);
      },
      false,
    ],
    [
      'all at once',
      async (blobs, _, all) => {
        await blobs.put(all);
      },
      true,
    ],
  ];
  test.each(downloads)('%s', async (_, download, isRight) => {
    const before = held();
    let isRead = false;
    const layers = open(download, () => {
      isRead = true;
    });
    const id = await layers.adopt(layer);
    const tree = await layers.openListing([id], signal);
    expect(tree.list('')).toEqual(names);
    if (isRight) expect(isRead).toBe(false);
    expect(held()).toBe(before);
    // It was kept.
    const again = open(() => Promise.reject(new Error('it is there')));
    expect((await again.openListing([id], signal)).list('')).toEqual(names);
  });

  test('a download that fails is what is told, and leaves no thread', async () => {
    const before = held();
    const broken = open(async (blobs, descriptor, all) => {
      await receive(blobs, descriptor, half(all));
      throw new Error('the server went away');
    });
    const id = await broken.adopt(layer);
    await expect(broken.openListing([id], signal)).rejects.toThrow('the server went away');
    expect(held()).toBe(before);
    expect((await open(receive).openListing([id], signal)).list('')).toEqual(names);
  });

  test('a blob that is another layer than it was said to be', async () => {
    const layers = open(receive);
    const other = { ...layer, diffID: digestFromHex('7'.repeat(64)) } as StoredLayer;
    const id = await layers.adopt(other);
    await expect(layers.openListing([id], signal)).rejects.toMatchObject({ code: 'diff-id-mismatch' });
  });
});
