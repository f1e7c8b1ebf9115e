/**
 * A filesystem that a program serves to the kernel (FUSE), for mounts that this process makes and takes away
 * without giving up its thread. The program dies with this process, whatever ends it: a shell beside it waits on
 * a pipe from us. Otherwise the program would keep the mount namespace there, and the namespace the mount.
 */
import { spawn } from 'node:child_process';
import { closeSync, readSync, statfsSync } from 'node:fs';
import { Socket } from 'node:net';
import { type BytePath, bytePathToText } from '../../core/byte-path.ts';
import { HostError, systemCode } from '../../core/errors.ts';
import { openNonBlockingPipe } from '../process/pipe.ts';
import { unmount } from './mount.ts';

/** The program prints to our pipe, and nobody else holds that open: it ends with the program. */
const watcher = '"$@" </dev/null & exec >/dev/null 2>&1; cat <&3 >/dev/null; kill -KILL $!';

/** FUSE_SUPER_MAGIC. */
const fuse = 0x65735546;
const pauseMs = 1;
/** Far more than it takes on a busy machine. */
const patienceMs = 30_000;

/**
 * Starts a program that mounts a filesystem of its own at `target` and serves it in the foreground.
 *
 * @param directory where its relative paths start
 * @returns what unmounts it; comes back when the program has ended, all that was written in its hands
 * @throws HostError `mount-failed` with what the program said; the returned function `mount-busy`
 */
export function mountByProgram(command: readonly string[], directory: string, target: BytePath): () => void {
  const [readEnd, writeEnd] = openNonBlockingPipe();
  const shell = spawn('/bin/sh', ['-c', watcher, 'watcher', ...command], {
    cwd: directory,
    env: {},
    stdio: ['ignore', writeEnd, writeEnd, 'pipe'],
    detached: true,
  });
  closeSync(writeEnd);
  // Without a shell the pipe has ended.
  shell.on('error', () => {});
  const leash = shell.stdio[3];
  // Neither keeps a process alive that has nothing else to do.
  shell.unref();
  if (leash instanceof Socket) leash.unref();
  const said: Buffer[] = [];
  const hasEnded = () => readAvailable(readEnd, said);
  const close = () => {
    leash?.destroy();
    closeSync(readEnd);
  };

  let isServed = false;
  waitUntil(() => {
    isServed = statfsSync(bytePathToText(target)).type === fuse;
    return isServed || hasEnded();
  });
  if (!isServed) {
    close();
    const reason = Buffer.concat(said).toString().trim().split('\n').at(-1) || 'it does not say why';
    throw new HostError('mount-failed', `${command[0]} cannot mount at ${bytePathToText(target)}: ${reason}`);
  }
  return () => {
    unmount(target);
    const isOver = waitUntil(hasEnded);
    close();
    if (isOver) return;
    throw new HostError('mount-busy', `${command[0]} is still at work after its mount was taken away`, {
      hint: 'something of the step is alive that nothing can end, perhaps waiting for a disk: see ps and dmesg',
    });
  };
}

/** @returns whether the condition holds; waits for it, but not for ever */
function waitUntil(condition: () => boolean): boolean {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  const end = Date.now() + patienceMs;
  while (!condition()) {
    if (Date.now() > end) return false;
    Atomics.wait(pause, 0, 0, pauseMs);
  }
  return true;
}

/** Takes what is in the pipe; @returns whether its other end is closed */
function readAvailable(descriptor: number, into: Buffer[]): boolean {
  const chunk = Buffer.alloc(4096);
  try {
    for (;;) {
      const length = readSync(descriptor, chunk);
      if (length === 0) return true;
      into.push(Buffer.from(chunk.subarray(0, length)));
    }
  } catch (error) {
    if (systemCode(error) === 'EAGAIN') return false;
    throw error;
  }
}
