import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Cage } from '../../../src/sys/process/cage.ts';
import { type ProcessResult, spawnProcess } from '../../../src/sys/process/spawn.ts';

const shell = (script: string) => ['-c', script];

describe('how a process ended', () => {
  const table: [string, string, string[], AbortSignal | undefined, object][] = [
    ['exit 0', 'sh', shell('exit 0'), undefined, { kind: 'exited', code: 0 }],
    ['exit 3', 'sh', shell('exit 3'), undefined, { kind: 'exited', code: 3 }],
    ['killed', 'sh', shell('kill -9 $$'), undefined, { kind: 'signaled', signal: 'SIGKILL' }],
    ['no such program', 'no-such-program', [], undefined, { kind: 'not-started', error: { code: 'ENOENT' } }],
    ['not executable', '/etc/passwd', [], undefined, { kind: 'not-started', error: { code: 'EACCES' } }],
    ['canceled before', 'no-such-program', [], AbortSignal.abort(), { kind: 'canceled' }],
    ['canceled while it runs', 'sleep', ['60'], AbortSignal.timeout(50), { kind: 'canceled' }],
    [
      'canceled, though it then exits 0',
      'sh',
      shell('trap "exit 0" TERM; while :; do sleep 0.01; done'),
      AbortSignal.timeout(100),
      { kind: 'canceled' },
    ],
  ];
  test.each(table)('%s', async (_title, command, args, signal, want) => {
    const result = await spawnProcess(command, args, signal === undefined ? {} : { signal });
    expect(result).toMatchObject(want);
  });

  test('a missing working directory is a failure to start', async () => {
    const result = await spawnProcess('true', [], { cwd: '/no/such/directory' });
    expect(result.kind).toBe('not-started');
  });

  test('one that ignores SIGTERM is killed after the grace', async () => {
    const controller = new AbortController();
    let said = '';
    const result = await spawnProcess(
      'sh',
      shell('trap "echo heard" TERM; echo up; while :; do sleep 0.05; done'),
      {
        signal: controller.signal,
        graceMs: 500,
        onStdout: (chunk) => {
          said += Buffer.from(chunk).toString();
          controller.abort();
        },
      },
    );
    expect(result).toEqual<ProcessResult>({ kind: 'canceled' });
    expect(said).toBe('up\nheard\n');
  });
});

test('environment, directory, input and both outputs', async () => {
  const out: string[] = [];
  const err: string[] = [];
  const result = await spawnProcess('sh', shell('pwd; cat; env >&2'), {
    cwd: '/usr',
    env: { PATH: '/usr/bin:/bin', A: 'x y' },
    stdin: Buffer.from('given\n'),
    onStdout: (chunk) => void out.push(Buffer.from(chunk).toString()),
    onStderr: (chunk) => void err.push(Buffer.from(chunk).toString()),
  });
  expect(result).toEqual({ kind: 'exited', code: 0 });
  expect(out.join('')).toBe('/usr\ngiven\n');
  expect(err.join('').split('\n')).toEqual(expect.arrayContaining(['A=x y', 'PATH=/usr/bin:/bin']));
});

test('a child starts in a session of its own, with no signal ignored or blocked and no descriptor of ours', async () => {
  const out: string[] = [];
  const script =
    'grep -E "^Sig(Blk|Ign)" /proc/self/status; cut -d" " -f6 /proc/$$/stat; echo $$; ls /proc/$$/fd';
  await spawnProcess('sh', shell(script), {
    onStdout: (chunk) => void out.push(Buffer.from(chunk).toString()),
  });
  const [blocked, ignored, session, pid, ...fds] = out.join('').trim().split('\n');
  expect(blocked).toMatch(/^SigBlk:\s0+$/);
  expect(ignored).toMatch(/^SigIgn:\s0+$/);
  expect(session).toBe(pid);
  expect(fds.filter((fd) => Number(fd) < 10)).toEqual(['0', '1', '2']);
});

test('many at once, and all are heard of', async () => {
  const codes = Array.from({ length: 40 }, (_, index) => index);
  const results = await Promise.all(codes.map((code) => spawnProcess('sh', shell(`exit ${code}`))));
  expect(results).toEqual(codes.map((code) => ({ kind: 'exited', code })));
});

test('input nobody reads is no error', async () => {
  const result = await spawnProcess('true', [], { stdin: Buffer.alloc(1_000_000) });
  expect(result).toEqual({ kind: 'exited', code: 0 });
});

test('a slow taker slows the process down', async () => {
  let received = 0;
  let inFlight = 0;
  const result = await spawnProcess('head', ['-c', '3000000', '/dev/zero'], {
    onStdout: async (chunk) => {
      expect(++inFlight).toBe(1);
      await delay(1);
      received += chunk.length;
      inFlight--;
    },
  });
  expect(result).toEqual({ kind: 'exited', code: 0 });
  expect(received).toBe(3_000_000);
});

test('what a taker throws ends the process and is thrown', async () => {
  const running = spawnProcess('sh', shell('echo one; exec sleep 60'), {
    onStdout: () => {
      throw new Error('full');
    },
  });
  await expect(running).rejects.toThrow('full');
});

test('one that its cage cannot take leaves no pipe open', async () => {
  const taken = new Error('the cage is closed');
  const cage: Cage = {
    start() {
      throw taken;
    },
    close: async () => {},
  };
  const pipes = () =>
    readdirSync('/proc/self/fd')
      .map((fd) => linkOf(`/proc/self/fd/${fd}`))
      .filter((link) => link.startsWith('pipe:'));
  const before = pipes();
  const streams = { stdin: new Uint8Array(1), onStdout() {}, onStderr() {} };
  await expect(spawnProcess('true', [], { ...streams, cage })).rejects.toBe(taken);
  await delay(20);
  expect(pipes()).toEqual(before);
});

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // The descriptor by which the directory was listed.
    return '';
  }
}
