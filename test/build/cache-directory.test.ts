import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { assembleCache } from '../../src/build/share/cache-artifact.ts';
import { openInDirectory, sweepDirectory, writeToDirectory } from '../../src/build/share/cache-directory.ts';
import { openBlobStore } from '../../src/content/dir-store.ts';
import { readRefs } from '../../src/content/refs.ts';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { lockFile } from '../../src/sys/file-lock.ts';

const scratch = mkdtempSync(join(tmpdir(), 'strata-cache-directory-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const { signal } = new AbortController();
const layerType = 'application/vnd.oci.image.layer.v1.tar+gzip';
let count = 0;
let directory: string;
beforeEach(() => {
  directory = join(scratch, String(count++));
});

/** Writes a cache whose document and layer are these texts. */
async function write(tag: string, document: string, layer: string): Promise<Descriptor> {
  const from = openBlobStore(join(scratch, `from-${count}`), join(scratch, 'ingest'));
  const stored = { mediaType: layerType, ...(await from.put(Buffer.from(layer))) };
  const root = await assembleCache(Buffer.from(document), [], [stored], from);
  await writeToDirectory(directory, tag, root, from, signal);
  return root;
}
const blobs = () => readdirSync(join(directory, 'blobs/sha256')).length;
const names = () => readRefs(directory).map(({ name }) => name);
const open = (tag: string) => openInDirectory(directory, tag, undefined, signal);
const sweep = () => sweepDirectory(directory, signal);

test('waits for whoever writes, who takes the place for unfinished blobs away in the end', async () => {
  await write('latest', 'one', 'old layer');
  const other = await lockFile(join(directory, 'lock'), 'exclusive');
  const writing = write('latest', 'two', 'new layer');
  await setTimeout(50);
  rmSync(join(directory, 'ingest'), { recursive: true, force: true });
  other.release();
  await writing;
  expect(names()).toContain('latest');
});

describe('a cache that another one took the place of', () => {
  test('is removed, but for what both have', async () => {
    await write('latest', 'one', 'layer');
    const one = blobs();
    await write('latest', 'two', 'layer');
    expect(await sweep()).toBe(2);
    expect([blobs(), names()]).toEqual([one, ['latest']]);
    expect(await sweep()).toBe(0);
  });

  test('stays as long as somebody reads it, by any process', async () => {
    const root = await write('latest', 'one', 'old layer');
    const [reader, other] = [await open('latest'), await open('latest')];
    await write('latest', 'two', 'new layer');
    expect(await sweep()).toBe(0);
    reader.release();
    reader.release();
    expect(await sweep()).toBe(0);
    const { layers } = JSON.parse(Buffer.from(await other.blobs.read(root)).toString());
    expect(Buffer.from(await other.blobs.read(layers[1])).toString()).toBe('old layer');
    other.release();
    expect(await sweep()).toBe(3);
    expect(names()).toEqual(['latest']);
  });

  test('stays under another tag, and comes back', async () => {
    await write('a', 'one', 'layer 1');
    await write('b', 'one', 'layer 1');
    await write('a', 'two', 'layer 2');
    await write('a', 'one', 'layer 1');
    expect(await sweep()).toBe(3);
    expect(names()).toEqual(['a', 'b']);
  });

  test('is not offered to anybody', async () => {
    const { digest } = await write('latest', 'one', 'layer');
    const reader = await open('latest');
    await write('latest', 'two', 'layer');
    await expect(open('other')).rejects.toMatchObject({ code: 'no-cache', hint: 'it holds latest' });
    // By its digest it can still be had: nobody else has that.
    (await openInDirectory(directory, 'latest', digest, signal)).release();
    reader.release();
  });
});

test('what a killed writer left goes with the next one', async () => {
  await write('latest', 'one', 'layer');
  const count = blobs();
  const left = openBlobStore(directory, join(directory, 'ingest'));
  await left.put(Buffer.from('of a cache whose manifest never came'));
  writeFileSync(join(directory, 'ingest/half'), 'half');
  expect(await sweep()).toBe(1);
  expect([blobs(), existsSync(join(directory, 'ingest'))]).toEqual([count, false]);
});

test('a tag whose manifest is damaged is no cache, and no hindrance', async () => {
  const root = await write('broken', 'one', 'layer');
  await write('latest', 'two', 'layer');
  writeFileSync(join(directory, 'blobs/sha256', root.digest.slice('sha256:'.length)), '{}');
  expect(await sweep()).toBeGreaterThan(0);
  expect(names()).toEqual(['latest']);
  await expect(open('nothing')).rejects.toMatchObject({ code: 'no-cache' });
});

test('a directory that is none says so and is not made', async () => {
  await expect(open('latest')).rejects.toMatchObject({
    code: 'no-cache',
    hint: 'it is empty, or no cache at all',
  });
  expect(existsSync(directory)).toBe(false);
});
