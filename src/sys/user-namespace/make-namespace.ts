import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { whyNoUserNamespace } from './refusals.ts';

/** A process that keeps a namespace there. */
interface Holder {
  readonly pid: number;
  end(): Promise<void>;
}

/**
 * Makes a user namespace without any ids, with a process in it that waits until it is told to end.
 * @param unshare the program of util-linux or busybox
 * @throws HostError `no-user-namespace`
 */
export async function makeUserNamespace(unshare: string): Promise<Holder> {
  const child = spawn(unshare, ['-U', 'cat'], { cwd: '/', stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr?.on('data', (chunk) => {
    said += String(chunk);
  });
  child.stdin?.on('error', () => {});
  const closed = new Promise<'closed'>((resolve) => {
    child.once('close', () => resolve('closed'));
    child.once('error', () => resolve('closed'));
  });
  // When it comes back, it has come through the namespace.
  child.stdin?.write('\n');
  const first = child.stdout === null ? 'closed' : await Promise.race([once(child.stdout, 'data'), closed]);
  if (first === 'closed' || child.pid === undefined) throw whyNoUserNamespace(said.trim());
  return {
    pid: child.pid,
    end: async () => {
      child.stdin?.end();
      await closed;
    },
  };
}
