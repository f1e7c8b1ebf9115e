/** What comes back from a thread that answers questions. */
import { expect, test } from 'vitest';
import { HostError, IntegrityError } from '../../src/core/errors.ts';
import { decodeThreadError, encodeThreadError } from '../../src/sys/thread/thread-error.ts';

test.each([
  ['one of ours', new HostError('disk-full', 'no room', { hint: 'make some' })],
  ['another of ours', new IntegrityError('blob-damaged', 'not what it was', { hint: 'pull it' })],
  ["the system's", Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' })],
  ['a bug', new Error('it cannot be')],
])('an error keeps class, code, message and hint: %s', (_title, error) => {
  const sent = structuredClone(encodeThreadError(error));
  const got = decodeThreadError(sent);
  const facts = (it: Error) => [it.constructor.name, it.message, { ...it }, it.stack];
  expect(facts(got)).toEqual(facts(error));
});
