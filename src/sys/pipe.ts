import { closeSync, fchownSync } from 'node:fs';
import { Socket } from 'node:net';
import { lastSystemError, libcFunction } from './libc.ts';

const pipe2 = libcFunction('int pipe2(void *fds, int flags)');
const closeOnExec = 0o2000000;

export interface Pipe {
  /** What is written into the pipe. It ends when all have closed the other end. */
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
export function openPipe(owner: { readonly uid: number; readonly gid: number }): Pipe {
  const fds = new Int32Array(2);
  if (pipe2(new Uint8Array(fds.buffer), closeOnExec) < 0) throw lastSystemError('pipe2', 'pipe');
  const [readEnd = -1, writeEnd = -1] = fds;
  fchownSync(writeEnd, owner.uid, owner.gid);
  return {
    output: new Socket({ fd: readEnd, readable: true, writable: false }),
    writeEnd,
    closeWriteEnd: () => closeSync(writeEnd),
  };
}
