/** Threads are there for work, and never in the way of a process that ends. */
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
    const length = await pool.compress(block, 1000, gzip);
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
