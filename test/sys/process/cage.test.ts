import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { mountFilesystem, unmount } from '../../../src/sys/mount/mount.ts';
import { type Cage, openCage } from '../../../src/sys/process/cage.ts';
import { spawnProcess } from '../../../src/sys/process/spawn.ts';
import { bundleProgram, type Program } from '../../support/program.ts';

let program: Program;
let directory: string;
beforeAll(async () => {
  program = await bundleProgram('test/sys/programs/caged.ts');
});
afterAll(() => program.remove());
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'strata-cage-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Processes that mention the directory of this test in their command line or environment. */
function processesAbout(text: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(text);
      } catch {
        return false;
      }
    });
}

async function eventually(claim: () => boolean): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < 5000; waitedMs += 20) {
    if (claim()) return true;
    await delay(20);
  }
  return false;
}

test('killed: nothing caged outlives us, and what was asked for is cleared up', async () => {
  const witness = join(directory, 'witness');
  const child = program.start([directory, witness], { STRATA_TEST_CAGE: directory });
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  expect(processesAbout(directory).length).toBeGreaterThanOrEqual(3);
  child.kill('SIGKILL');
  expect(await eventually(() => processesAbout(directory).length === 0)).toBe(true);
  expect(existsSync(witness)).toBe(true);
});

test.each([
  ['closed', 'close'],
  ['left without closing it', 'return'],
])('%s: the same', async (_title, how) => {
  const witness = join(directory, 'witness');
  const { code, stderr } = await program.run([directory, witness, how], { STRATA_TEST_CAGE: directory });
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(await eventually(() => processesAbout(directory).length === 0)).toBe(true);
  expect(existsSync(witness)).toBe(true);
});

test('closed with nothing to clear up: the same, and nothing is cleared up', async () => {
  const witness = join(directory, 'witness');
  const { code } = await program.run([directory, witness, 'leave'], { STRATA_TEST_CAGE: directory });
  expect(code).toBe(0);
  expect(processesAbout(directory)).toEqual([]);
  expect(existsSync(witness)).toBe(false);
});

test('when the warden is killed, so are all others', async () => {
  const cage = await openCage(join(directory, 'proc'), ['true']);
  const pids: string[] = [];
  const running = spawnProcess('sh', ['-c', 'readlink /proc/self/ns/pid; exec sleep 300'], {
    cage,
    onStdout: (chunk) => void pids.push(Buffer.from(chunk).toString().trim()),
  });
  expect(await eventually(() => pids.length > 0)).toBe(true);
  const first = spawn('sh', ['-c', `kill -KILL $(pgrep -f '^sh -c.*warden ${directory}')`]);
  expect(await running).toEqual({ kind: 'signaled', signal: 'SIGKILL' });
  first.unref();
  await cage.close(true);
});

test('when somebody took its /proc away, closing says so and ends everything all the same', async () => {
  const cage = await openCage(join(directory, 'proc'), ['true']);
  const running = spawnProcess('sleep', ['300'], { cage });
  unmount(join(directory, 'proc'));
  await expect(cage.close(false)).rejects.toMatchObject({ code: 'EINVAL' });
  expect(await running).toEqual({ kind: 'signaled', signal: 'SIGKILL' });
});

test('children see their own /proc and the mounts made meanwhile; we stay where we were', async () => {
  const cage: Cage = await openCage(join(directory, 'proc'), ['true']);
  const mounted = join(directory, 'mounted');
  mkdirSync(mounted);
  mountFilesystem({ source: 'tmpfs', target: mounted, type: 'tmpfs', data: 'mode=750' });
  const before = [process.cwd(), readFileSync('/proc/self/status', 'utf8').match(/^Pid:.*/m)?.[0]];
  const said: string[] = [];
  const result = await spawnProcess(
    'sh',
    ['-c', `pwd; ls -d /proc/[0-9]* | tr '\\n' ' '; stat -c %a ${mounted}`],
    { cage, onStdout: (chunk) => void said.push(Buffer.from(chunk).toString()) },
  );
  unmount(mounted);
  await cage.close(true);
  expect(result).toEqual({ kind: 'exited', code: 0 });
  const [directoryThere, processes] = said.join('').split('\n');
  expect(directoryThere).toBe(process.cwd());
  expect(processes).toMatch(/^\/proc\/1 (\/proc\/\d+ ){2,5}750$/);
  expect([process.cwd(), readFileSync('/proc/self/status', 'utf8').match(/^Pid:.*/m)?.[0]]).toEqual(before);
});

test('without a shell there is no cage, and a word about it', async () => {
  vi.stubEnv('PATH', directory);
  await expect(openCage(join(directory, 'proc'), ['true'])).rejects.toMatchObject({ code: 'no-cage' });
  vi.unstubAllEnvs();
  // Children are born in our own namespace again.
  const { kind } = await spawnProcess('true', []);
  expect(kind).toBe('exited');
});
