import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openUnflushed } from '../../src/snapshot/unflushed.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'unflushed-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const noted = () => readdirSync(join(root, 'unflushed'), { recursive: true }).map(String).sort();
const dropped = () => {
  const ids: string[] = [];
  expect(openUnflushed(root).dropUntrusted((id) => ids.push(id))).toBe(ids.length);
  return ids.sort();
};
/** Makes as if the machine had been started anew since. */
const restart = (to: string) => {
  const boot = readdirSync(join(root, 'unflushed')).find((name) => name.length === 36) ?? '';
  renameSync(join(root, 'unflushed', boot), join(root, 'unflushed', to));
};

test('what this boot noted is trusted', () => {
  expect(dropped()).toEqual([]);
  openUnflushed(root).note('a');
  openUnflushed(root).note('a');
  expect(dropped()).toEqual([]);
});

test('what an earlier boot noted is not, once', () => {
  for (const id of ['a', 'b']) openUnflushed(root).note(id);
  restart('0');
  openUnflushed(root).note('b');
  restart('1.being-flushed');
  openUnflushed(root).note('c');
  expect(dropped()).toEqual(['a', 'b', 'b']);
  expect(dropped()).toEqual([]);
});

test('notes go when they have been flushed, those of flushes that died too', async () => {
  const notes = openUnflushed(root);
  notes.flushSettled(Date.now());
  notes.note('a');
  const [boot = ''] = noted();
  mkdirSync(join(root, 'unflushed', `${boot}.died`));
  notes.flushSettled(Date.now() + 10_000);
  expect(noted()).toHaveLength(3);
  notes.flushSettled(Date.now() + 60_000);
  notes.note('b');
  await vi.waitFor(() => expect(noted()).toEqual([boot, `${boot}/b`]), { timeout: 30_000 });
});
