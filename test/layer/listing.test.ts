import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openBlobStore } from '../../src/content/dir-store.ts';
import { type BytePath, bytePathFromText, joinBytePath } from '../../src/core/byte-path.ts';
import { emptyTree, type FileTree } from '../../src/core/file-tree.ts';
import { applyLayer } from '../../src/layer/apply.ts';
import { diffSnapshot } from '../../src/layer/diff.ts';
import { listEntries, listLayer } from '../../src/layer/listing/layer-lister.ts';
import { type ListedMember, readListing, writeListing } from '../../src/layer/listing/layer-listing.ts';
import { listedLayer } from '../../src/layer/listing/listed-layer.ts';
import { packLayer } from '../../src/layer/pack.ts';
import { directoryLayer } from '../../src/snapshot/layer-files.ts';
import { mergedLayers } from '../../src/snapshot/merged-tree.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'strata-listing-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Everything of a tree that a listing promises. */
function dump(tree: FileTree, at: BytePath = ''): unknown[] {
  return tree.list(at).flatMap((name) => {
    const path = joinBytePath(at, name);
    const stat = tree.lstat(path);
    const { type, mode, uid, gid, size, mtime, devMajor, devMinor, linkCount } = stat ?? {};
    const link = type === 'symlink' ? tree.readlink(path) : '';
    const xattrs = tree.xattrs(path).map((x) => `${x.name}=${Buffer.from(x.value).toString('hex')}`);
    const links = type === 'directory' ? 0 : linkCount;
    const own = [path, type, mode, uid, gid, size, mtime, devMajor, devMinor, links, link, xattrs];
    return [own, ...(type === 'directory' ? dump(tree, path) : [])];
  });
}

/** A snapshot with one of everything. */
function makeUpper(): string {
  const upper = join(dir, 'upper');
  mkdirSync(join(upper, 'a/b'), { recursive: true });
  writeFileSync(join(upper, 'a/file'), 'text', { mode: 0o640 });
  writeFileSync(Buffer.from(`${upper}/a/caf\xe9`, 'latin1'), 'not UTF-8');
  linkSync(join(upper, 'a/file'), join(upper, 'a/b/again'));
  symlinkSync('../nowhere', join(upper, 'a/link'));
  mkdirSync(join(upper, 'new'));
  execFileSync('sh', [
    '-c',
    `cd "$1" && mkfifo -m 600 fifo && mknod dev c 10 200 && mknod gone c 0 0 && chown 12:345678 a/file &&
     setfattr -n security.capability -v 0x0100000200040000000000000000000000000000 a/file &&
     setfattr -n trusted.overlay.opaque -v y new && chmod 1777 new && touch -d @1500000000.123456789 a/file a/b`,
    'sh',
    upper,
  ]);
  return upper;
}

/** What lies below: something for every deletion. */
function makeLower(): string {
  const lower = join(dir, 'lower');
  mkdirSync(join(lower, 'new'), { recursive: true });
  writeFileSync(join(lower, 'gone'), '');
  writeFileSync(join(lower, 'new/hidden'), '');
  writeFileSync(join(lower, 'stays'), '');
  return lower;
}

test('a listing shows what the unpacked layer shows, alone and on what is below', async () => {
  const lower = directoryLayer(bytePathFromText(makeLower()));
  const upper = makeUpper();
  const blobs = openBlobStore(join(dir, 'images'), join(dir, 'ingest'));
  const entries = listEntries(diffSnapshot(upper, mergedLayers([lower])), []);
  const { layer } = await packLayer(entries, blobs, { compression: { algorithm: 'gzip' } });
  const unpacked = join(dir, 'unpacked');
  mkdirSync(unpacked);
  await applyLayer(blobs.open(layer.descriptor), layer.descriptor.mediaType, unpacked, layer.diffID);
  const whole = directoryLayer(bytePathFromText(unpacked));

  const listing = await listLayer(blobs.open(layer.descriptor), layer.diffID);
  await writeListing(join(dir, 'listing'), listing);
  const listed = listedLayer(readListing(join(dir, 'listing')) ?? [], 'l');

  const want = dump(mergedLayers([whole, lower]));
  expect(want.length).toBeGreaterThan(9);
  expect(dump(mergedLayers([listed, lower]))).toEqual(want);
  expect(dump(mergedLayers([listed]))).toEqual(dump(mergedLayers([whole])));
});

test('entries listed while they are packed give the listing of the blob', async () => {
  const blobs = openBlobStore(join(dir, 'images'), join(dir, 'ingest'));
  const members: ListedMember[] = [];
  const entries = listEntries(diffSnapshot(makeUpper(), emptyTree), members);
  const { layer } = await packLayer(entries, blobs, { compression: { algorithm: 'gzip' } });
  expect(members).toEqual(await listLayer(blobs.open(layer.descriptor), layer.diffID));
});

test('a layer that is not what its digest says is not listed', async () => {
  const blobs = openBlobStore(join(dir, 'images'), join(dir, 'ingest'));
  const { layer } = await packLayer([], blobs, { compression: { algorithm: 'gzip' } });
  const wrong = layer.diffID.replace(/.$/, (c) => (c === '0' ? '1' : '0')) as typeof layer.diffID;
  await expect(listLayer(blobs.open(layer.descriptor), wrong)).rejects.toMatchObject({
    code: 'diff-id-mismatch',
  });
});

test('a file that is no listing is none', () => {
  writeFileSync(join(dir, 'bad'), '["something else"]');
  expect(readListing(join(dir, 'bad'))).toBeUndefined();
  expect(readListing(join(dir, 'missing'))).toBeUndefined();
});
