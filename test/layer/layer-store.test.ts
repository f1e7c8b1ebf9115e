import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openBlobStore } from '../../src/content/dir-store.ts';
import type { LayerEntry } from '../../src/layer/layer-entry.ts';
import { readLayerRecord, snapshotIDFor } from '../../src/layer/layer-record.ts';
import { openLayerStore } from '../../src/layer/layer-store.ts';
import { packLayer } from '../../src/layer/pack.ts';
import type { StoredLayer } from '../../src/oci/descriptor.ts';
import { openSnapshotter } from '../../src/snapshot/overlay-snapshotter.ts';
import { describeWith } from '../support/capabilities.ts';
import { entryOf } from '../tar/archive.ts';

const gzip = { algorithm: 'gzip' } as const;
const { signal } = new AbortController();

const file = (path: string, text: string): LayerEntry => {
  const bytes = Buffer.from(text);
  return { ...entryOf({ path, size: bytes.length }), content: { kind: 'bytes', bytes } };
};

describeWith(['root'], 'files from blobs and blobs from files', () => {
  let directory: string;
  let root: string;
  let count = 0;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'strata-layers-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));
  beforeEach(() => {
    root = join(directory, String(count++));
  });

  /** One process's view of a store; `remote` are blobs that can be fetched. */
  function open(remote = openBlobStore(join(root, 'remote/layout'), join(root, 'remote/ingest'))) {
    const blobs = openBlobStore(join(root, 'images'), join(root, 'run/ingest'));
    const snapshotter = openSnapshotter(join(root, 'snapshots'), join(root, `run/${count++}`));
    const fetched: string[] = [];
    const unpacked: string[] = [];
    const layers = openLayerStore(root, {
      canFetch: () => true,
      disown: (_, error) => error,
      snapshotter,
      blobs,
      watcher: {
        unpacking: (id, { size }, bytes) => unpacked.push(`${id} ${bytes} of ${size}`),
        unpacked: (id) => unpacked.push(`${id} ${snapshotter.has(id) ? 'in place' : 'missing'}`),
      },
      fetch: async (descriptor) => {
        fetched.push(descriptor.digest);
        await blobs.put(await remote.read(descriptor));
      },
    });
    return { blobs, snapshotter, layers, remote, fetched, unpacked };
  }
  const packInto = async (blobs: ReturnType<typeof openBlobStore>, ...entries: LayerEntry[]) =>
    (await packLayer(entries, blobs, { compression: gzip })).layer;
  const recordOf = (id: string) => readLayerRecord(join(root, 'layers'), id);

  test('a layer of an image is fetched and unpacked once, however many ask', async () => {
    const { layers, snapshotter, remote, fetched, unpacked } = open();
    const layer = await packInto(remote, file('f', 'hello'));
    const id = await layers.adopt(layer);
    expect(id).toBe(snapshotIDFor(layer.diffID));
    expect(id).toMatch(/^[a-z0-9]{1,16}$/);
    expect(layers.isAvailable(id)).toBe(false);
    expect(layers.isInPlace(id)).toBe(false);
    await Promise.all([layers.ensureFiles([id], signal), layers.ensureFiles([id, id], signal)]);
    expect(fetched).toEqual([layer.descriptor.digest]);
    expect(readFileSync(join(snapshotter.path(id), 'f'), 'utf8')).toBe('hello');
    expect(layers.isAvailable(id)).toBe(true);
    expect(layers.isInPlace(id)).toBe(true);
    const { size } = layer.descriptor;
    expect(unpacked).toEqual([`${id} ${size} of ${size}`, `${id} in place`]);
    // The next process finds it there.
    const next = open(remote);
    await next.layers.ensureFiles([id], signal);
    expect(next.fetched).toEqual([]);
  });

  test('two processes unpack the same layer at once: one does', async () => {
    const [first, second] = [open(), open()];
    const layer = await packInto(first.remote, file('f', 'hello'));
    const id = await first.layers.adopt(layer);
    await Promise.all([first.layers.ensureFiles([id], signal), second.layers.ensureFiles([id], signal)]);
    expect([...first.fetched, ...second.fetched]).toEqual([layer.descriptor.digest]);
  });

  test('files that a step wrote become a blob once, and only the topmost', async () => {
    const { layers, snapshotter, blobs } = open();
    const base = await layers.adopt(await packInto(blobs, file('f', 'old'), file('g', 'gone')));
    await layers.ensureFiles([base], signal);
    const active = snapshotter.prepare([base]);
    writeFileSync(join(active.upper, 'f'), 'new');
    const id = snapshotter.newID();
    await snapshotter.commit(active, id);
    expect(recordOf(id)).toBeUndefined();
    const [layer, again] = await Promise.all([
      layers.ensureBlob([base, id], gzip, signal),
      layers.ensureBlob([base, id], gzip, signal),
    ]);
    expect(again).toEqual(layer);
    expect(blobs.size(layer.descriptor.digest)).toBe(layer.descriptor.size);
    expect(recordOf(id)).toMatchObject({ diffID: layer.diffID, blobs: [{ descriptor: layer.descriptor }] });

    // Its files can be had from the blob alone.
    await snapshotter.remove(id);
    expect(layers.isAvailable(id)).toBe(true);
    await open().layers.ensureFiles([base, id], signal);
    expect(readdirSync(snapshotter.path(id))).toEqual(['f']);
  });

  test('another compression is another blob of the same layer', async () => {
    const { layers, blobs } = open();
    const id = await layers.adopt(await packInto(blobs, file('f', 'x')));
    const plain = await layers.ensureBlob([id], { algorithm: 'uncompressed' }, signal);
    expect(plain.descriptor.digest).toBe(plain.diffID);
    const packed = await layers.ensureBlob([id], gzip, signal);
    expect(packed.diffID).toBe(plain.diffID);
    expect(recordOf(id)?.blobs.map(({ writer }) => writer)).toEqual(['pulled', 'none']);
  });

  test('a layer whose content is not what the image says leaves no snapshot', async () => {
    const { layers, snapshotter, blobs } = open();
    const layer = await packInto(blobs, file('f', 'x'));
    const other = await packInto(blobs, file('f', 'y'));
    const lie: StoredLayer = { ...layer, diffID: other.diffID };
    const id = await layers.adopt(lie);
    for (let attempt = 0; attempt < 2; attempt++) {
      const unpacking = layers.ensureFiles([id], signal);
      await expect(unpacking).rejects.toMatchObject({ code: 'diff-id-mismatch' });
      expect(snapshotter.has(id)).toBe(false);
    }
    expect(snapshotter.list()).toEqual([]);
  });

  test('a snapshot that is lost says so', async () => {
    const { layers } = open();
    await expect(layers.ensureFiles(['nothing'], signal)).rejects.toMatchObject({ code: 'snapshot-lost' });
    expect(layers.isAvailable('nothing')).toBe(false);
  });

  test('a record that was cut short counts for nothing', async () => {
    const { layers, blobs } = open();
    const id = await layers.adopt(await packInto(blobs, file('f', 'x')));
    const path = join(root, 'layers', `${id}.json`);
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, 20));
    expect(layers.isAvailable(id)).toBe(false);
    expect(existsSync(path)).toBe(true);
  });
});
