/** User name and password: from standard input, or from the person at the terminal. */
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import { CanceledError, UsageError } from '../core/errors.ts';
import type { Login } from '../registry/auth/login.ts';
import type { CliIO } from './io.ts';
import { isTerminal } from './terminal.ts';

/** Keys for service accounts are whole documents, and no larger than this. */
const longestPassword = 64 << 10;

/**
 * @param takesStdin the password is what standard input holds
 * @throws UsageError `username-missing`, `password-missing`, `no-terminal`; CanceledError
 */
export async function askLogin(
  username: string | undefined,
  takesStdin: boolean,
  io: CliIO,
  signal: AbortSignal,
): Promise<Login> {
  if (takesStdin) {
    if (username === undefined) {
      throw new UsageError('username-missing', '--password-stdin needs a --username to go with it');
    }
    return { username, password: await readPassword(io) };
  }
  if (!isTerminal(io.stdin) || !isTerminal(io.stderr)) {
    throw new UsageError('no-terminal', 'there is no terminal to ask for a password', {
      hint: 'give it on standard input: --username NAME --password-stdin',
    });
  }
  return askPerson(username, io, signal);
}

async function readPassword({ stdin }: CliIO): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    chunks.push(Buffer.from(chunk as Uint8Array));
    size += (chunk as Uint8Array).length;
    if (size > longestPassword)
      throw new UsageError('bad-password', `standard input holds more than ${longestPassword} bytes`);
  }
  const password = Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
  if (password === '') throw noPassword();
  return password;
}

async function askPerson(username: string | undefined, io: CliIO, signal: AbortSignal): Promise<Login> {
  let isSecret = false;
  const screen = new Writable({
    write(chunk, _encoding, done) {
      if (!isSecret) io.stderr.write(chunk);
      done();
    },
  });
  const lines = createInterface({ input: io.stdin, output: screen, terminal: true, historySize: 0 });
  lines.on('SIGINT', () => lines.close());
  try {
    const name = username ?? (await ask(lines, 'user name: ', signal));
    if (name === '') throw new UsageError('username-missing', 'a user name is needed');
    const asking = ask(lines, 'password: ', signal);
    isSecret = true;
    const password = await asking;
    io.stderr.write('\n');
    if (password === '') throw noPassword();
    return { username: name, password };
  } finally {
    lines.close();
  }
}

async function ask(lines: Interface, question: string, signal: AbortSignal): Promise<string> {
  const closed = once(lines, 'close', { signal }).catch(() => undefined);
  const answer = new Promise<string>((resolve) => lines.question(question, resolve));
  const first = await Promise.race([answer, closed]);
  if (typeof first === 'string') return first;
  throw new CanceledError();
}

function noPassword(): UsageError {
  return new UsageError('password-missing', 'the password is empty');
}
