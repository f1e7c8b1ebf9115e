/** Threads that answer questions: what comes back from them, and how they end. */
import { openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { HostError, IntegrityError } from '../../src/core/errors.ts';
import { decodeThreadError, encodeThreadError } from '../../src/sys/thread/thread-error.ts';
import { bundleProgram } from '../support/program.ts';

test.each([
  ['one of ours', new HostError('disk-full', 'no room', { hint: 'make some' })],
  ['another of ours', new IntegrityError('blob-damaged', 'not what it was', { hint: 'pull it' })],
  ["the system's", systemError()],
  ['a bug', new Error('it cannot be')],
])('an error keeps class, code, message and hint: %s', (_title, error) => {
  const sent = structuredClone(encodeThreadError(error));
  const got = decodeThreadError(sent);
  const facts = (it: Error) => [it.constructor.name, it.message, { ...it }, it.stack];
  expect(facts(got)).toEqual(facts(error));
});

test('a process that waits for the end of a thread lives until then', async () => {
  const program = await bundleProgram('test/sys/programs/ending-thread.ts');
  try {
    expect(await program.run()).toMatchObject({ code: 0, stdout: 'ended', stderr: '' });
  } finally {
    program.remove();
  }
});

function systemError(): Error {
  try {
    openSync('/dev/null/below', 'r');
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('a device has files below it');
}
