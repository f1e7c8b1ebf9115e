import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { chainIDs } from '../../src/oci/chain-id.ts';

const diffID = (letter: string) => `sha256:${letter.repeat(64)}` as const;
const sha256 = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

it('hashes the stack below with each layer', () => {
  const second = sha256(`${diffID('a')} ${diffID('b')}`);
  const third = sha256(`${second} ${diffID('c')}`);
  expect(chainIDs([diffID('a'), diffID('b'), diffID('c')])).toEqual([diffID('a'), second, third]);
});

it('has nothing to say of an empty stack', () => {
  expect(chainIDs([])).toEqual([]);
});
