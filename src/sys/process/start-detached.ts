import { spawn } from 'node:child_process';

/** Starts a program that outlives this process and is heard of no more; whether it starts is its own affair. */
export function startDetached(command: string, args: readonly string[]): void {
  const child = spawn(command, args, { cwd: '/', stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
}
