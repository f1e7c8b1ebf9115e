import { column } from './column.ts';
import { keyedHash } from './keyed-hash.ts';

/**
 * Texts of one byte per character as numbers, each below the number of a scope: the same text in the same scope is
 * the same number. They count from 1 in the order in which they came.
 */
export interface NameTable {
  /** How many there are, which is also the newest. */
  readonly count: number;
  /** The number of a text; 0 when it is not there. */
  find(scope: number, text: string): number;
  /** The number of a text, which is added when it is not there. */
  add(scope: number, text: string): number;
  scopeOf(id: number): number;
  textOf(id: number): string;
  /** By their bytes, as for sorting. */
  compare(a: number, b: number): number;
}

/** An empty table. A text costs some twenty bytes besides its own. */
export function nameTable(): NameTable {
  const scopes = column(Uint32Array);
  const hashes = column(Uint32Array);
  const bytes = column(Uint8Array);
  /** Where each one's bytes end, and the next one's begin. */
  const ends = column(Uint32Array);
  const hashOf = keyedHash();
  /** Numbers by their hashes, with open addressing; at most half of the slots are taken. */
  let slots = new Uint32Array(64);
  let count = 0;

  function isText(id: number, text: string): boolean {
    const start = ends.get(id - 1);
    if (ends.get(id) - start !== text.length) return false;
    for (let at = 0; at < text.length; at++) if (bytes.get(start + at) !== text.charCodeAt(at)) return false;
    return true;
  }

  /** The slot that has a text, or would have it. */
  function slotOf(hash: number, scope: number, text: string): number {
    for (let slot = hash % slots.length; ; slot = (slot + 1) % slots.length) {
      const id = slots[slot] ?? 0;
      if (id === 0) return slot;
      if (hashes.get(id) === hash && scopes.get(id) === scope && isText(id, text)) return slot;
    }
  }

  function growSlots(): void {
    slots = new Uint32Array(slots.length * 2);
    for (let id = 1; id <= count; id++) {
      let slot = hashes.get(id) % slots.length;
      while (slots[slot] !== 0) slot = (slot + 1) % slots.length;
      slots[slot] = id;
    }
  }

  return {
    get count() {
      return count;
    },
    find: (scope, text) => slots[slotOf(hashOf(scope, text), scope, text)] ?? 0,
    add(scope, text) {
      const hash = hashOf(scope, text);
      const slot = slotOf(hash, scope, text);
      const known = slots[slot] ?? 0;
      if (known !== 0) return known;
      const start = ends.get(count);
      count++;
      for (let at = 0; at < text.length; at++) bytes.set(start + at, text.charCodeAt(at));
      ends.set(count, start + text.length);
      scopes.set(count, scope);
      hashes.set(count, hash);
      slots[slot] = count;
      if (count * 2 > slots.length) growSlots();
      return count;
    },
    scopeOf: (id) => scopes.get(id),
    textOf(id) {
      const start = ends.get(id - 1);
      const text = Buffer.allocUnsafe(ends.get(id) - start);
      for (let at = 0; at < text.length; at++) text[at] = bytes.get(start + at);
      return text.toString('latin1');
    },
    compare(a, b) {
      const [startA, startB] = [ends.get(a - 1), ends.get(b - 1)];
      const [lengthA, lengthB] = [ends.get(a) - startA, ends.get(b) - startB];
      for (let at = 0; at < Math.min(lengthA, lengthB); at++) {
        const difference = bytes.get(startA + at) - bytes.get(startB + at);
        if (difference !== 0) return difference;
      }
      return lengthA - lengthB;
    },
  };
}
