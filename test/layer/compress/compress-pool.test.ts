/** Threads are there for work, and never in the way of a process that ends. */
import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { CompressPool } from '../../../src/layer/compress/compress-pool.ts';

const gzip = { algorithm: 'gzip', level: 1 } as const;
const pools: CompressPool[] = [];
afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.close())));

/** What keeps this process alive and has to do with threads. */
const held = () =>
  process.getActiveResourcesInfo().filter((name) => ['MessagePort', 'Worker'].includes(name)).length;

function open(width: number): CompressPool {
  const pool = new CompressPool(width);
  pools.push(pool);
  return pool;
}

test.each([
  ['one block of one thread', 1, 1],
  ['one block where there could be many threads', 4, 1],
  ['more blocks than threads', 2, 6],
])('nothing holds the process after %s', async (_, width, count) => {
  const before = held();
  const pool = open(width);
  const work = Array.from({ length: count }, async (_, index) => {
    const block = await pool.take();
    block.input.fill(index, 0, 1000);
    const { length } = await pool.compress(block, 1000, gzip);
    const member = Buffer.from(block.output.subarray(0, length));
    pool.give(block);
    return gunzipSync(member);
  });
  // What is under way does hold it: a thread takes longer to start than a turn of the event loop.
  await setImmediate();
  expect(held()).toBeGreaterThan(before);
  expect(await Promise.all(work)).toEqual(
    Array.from({ length: count }, (_, index) => Buffer.alloc(1000, index)),
  );
  expect(held()).toBe(before);
});

test('streams are hashed each in its order, beside each other and beside compressing', async () => {
  const before = held();
  const pool = open(2);
  const hashers = [pool.hasher(), pool.hasher(), pool.hasher()];
  const work = Array.from({ length: 5 }, async (_, index) => {
    const block = await pool.take();
    block.input.fill(index, 0, 1000);
    pool.share(block);
    const hashed = Promise.all(hashers.map((hasher, at) => hasher.update(block.input.subarray(at, 1000))));
    await Promise.all([
      hashed.then(() => pool.give(block)),
      pool.compress(block, 1000, gzip).then(() => pool.give(block)),
    ]);
  });
  await Promise.all(work);
  const sum = (at: number) =>
    [0, 1, 2, 3, 4].reduce(
      (hash, index) => hash.update(Buffer.alloc(1000 - at, index)),
      createHash('sha256'),
    );
  expect(await Promise.all(hashers.map((hasher) => hasher.digest()))).toEqual(
    [0, 1, 2].map((at) => sum(at).digest('hex')),
  );
  expect(held()).toBe(before);
});

test('a copy that fails says what the system says, and the thread goes on', async () => {
  const pool = open(1);
  const [failing, fine] = [pool.hasher(), pool.hasher()];
  const block = await pool.take();
  block.input.fill(1, 0, 1000);
  const directory = openSync('/', 'r');
  const outcomes = await Promise.allSettled([
    failing.copy({ from: directory, start: 0, length: 1, to: directory, position: 0 }),
    fine.update(block.input.subarray(0, 1000)),
    pool.compress(block, 1000, gzip),
  ]);
  closeSync(directory);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
  expect(outcomes[0]).toMatchObject({ reason: { code: 'EISDIR' } });
  expect(await fine.digest()).toBe(createHash('sha256').update(Buffer.alloc(1000, 1)).digest('hex'));
});

test('a block that two have is free when both gave it back', async () => {
  const pool = open(1);
  const first = await pool.take();
  pool.share(first);
  pool.give(first);
  // Whatever is free comes first, one that was given back before new ones.
  expect(await pool.take()).not.toBe(first);
  pool.give(first);
  expect(await pool.take()).toBe(first);
});
