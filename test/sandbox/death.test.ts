import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleProgram, type Program } from '../support/program.ts';

let program: Program;
beforeAll(async () => {
  program = await bundleProgram('test/sandbox/programs/endless-step.ts');
});
afterAll(() => program.remove());

const numbers = (directory: string) => readdirSync(directory).filter((name) => /^\d+$/.test(name));

function processesAbout(text: string): string[] {
  return numbers('/proc').filter((pid) => {
    try {
      const about = ['environ', 'cmdline'].map((name) => readFileSync(`/proc/${pid}/${name}`, 'latin1'));
      return about.join().includes(text);
    } catch {
      return false;
    }
  });
}

/** Mounts of any process on the machine that mention a path. */
function mountsAbout(text: string): string[] {
  return numbers('/proc').flatMap((pid) => {
    try {
      return readFileSync(`/proc/${pid}/mountinfo`, 'latin1')
        .split('\n')
        .filter((line) => line.includes(text));
    } catch {
      return [];
    }
  });
}

function cgroupsAbout(prefix: string): string[] {
  const cgroups = '/sys/fs/cgroup';
  return [cgroups, ...readdirSync(cgroups).map((name) => join(cgroups, name))]
    .filter((directory) => existsSync(join(directory, 'cgroup.procs')))
    .flatMap((directory) => readdirSync(directory))
    .filter((name) => name.startsWith(prefix));
}

test.each([['runc'], ['crun']])(
  'with %s: killed in a step, nothing runs on, nothing is mounted, no cgroup is left',
  async (runtime) => {
    const child = program.start([runtime]);
    let said = '';
    child.stdout?.on('data', (chunk) => {
      said += chunk;
    });
    child.stderr?.pipe(process.stderr);
    while (said.split('\n').length < 4) await delay(20);
    const [directory = '', id = ''] = said.split('\n');
    const prefix = id.replace(/\d+$/, '');
    const traces = () => ({
      processes: processesAbout(directory).length > 0,
      mounts: mountsAbout(directory).length > 0,
      cgroups: cgroupsAbout(prefix).length > 0,
    });
    expect(traces()).toEqual({ processes: true, mounts: true, cgroups: true });
    child.kill('SIGKILL');
    const none = { processes: false, mounts: false, cgroups: false };
    for (let waitedMs = 0; waitedMs < 5000; waitedMs += 50) {
      if (JSON.stringify(traces()) === JSON.stringify(none)) break;
      await delay(50);
    }
    expect(traces()).toEqual(none);
    rmSync(directory, { recursive: true });
  },
);
