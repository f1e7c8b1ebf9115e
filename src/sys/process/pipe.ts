import { closeSync, fchownSync } from 'node:fs';
import { Socket } from 'node:net';
import { lastSystemError, libcFunction } from '../libc.ts';

const pipe2 = libcFunction('int pipe2(void *fds, int flags)');
const closeOnExec = 0o2000000;
const nonBlocking = 0o4000;

/** What a child prints. */
export interface OutputPipe {
  /** It ends when all have closed the other end. */
  readonly output: Socket;
  /** For a child's standard output or error; a number as long as it is open here. */
  readonly writeEnd: number;
  closeWriteEnd(): void;
}

/**
 * A pipe as a shell makes it. What Node itself gives to children are sockets, which a program cannot open
 * again as /dev/stdout.
 * @param owner who may open it by that name
 */
export function openOutputPipe(owner?: { readonly uid: number; readonly gid: number }): OutputPipe {
  const [readEnd, writeEnd] = openPipe();
  if (owner !== undefined) fchownSync(writeEnd, owner.uid, owner.gid);
  return {
    output: new Socket({ fd: readEnd, readable: true, writable: false }),
    writeEnd,
    closeWriteEnd: () => closeSync(writeEnd),
  };
}

/** What a child reads. */
export interface InputPipe {
  readonly input: Socket;
  /** For a child's standard input; a number as long as it is open here. */
  readonly readEnd: number;
  closeReadEnd(): void;
}

/** Opens a pipe that no child inherits by itself. */
export function openInputPipe(): InputPipe {
  const [readEnd, writeEnd] = openPipe();
  return {
    input: new Socket({ fd: writeEnd, readable: false, writable: true }),
    readEnd,
    closeReadEnd: () => closeSync(readEnd),
  };
}

/** Descriptors of a pipe, for who reads it without waiting: EAGAIN where nothing is in it. */
export function openNonBlockingPipe(): readonly [readEnd: number, writeEnd: number] {
  return openPipe(nonBlocking);
}

function openPipe(flags = 0): readonly [readEnd: number, writeEnd: number] {
  const fds = new Int32Array(2);
  if (pipe2(new Uint8Array(fds.buffer), closeOnExec | flags) < 0) throw lastSystemError('pipe2', 'pipe');
  const [readEnd = -1, writeEnd = -1] = fds;
  return [readEnd, writeEnd];
}
