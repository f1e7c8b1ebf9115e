/** What a build asks of the kernel, counted: figures that no busy machine can change. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { projectDir } from '../structure/imports.ts';
import { runOk } from '../support/process.ts';
import { describeBuilds } from '../support/site.ts';

describeBuilds(['root', 'overlay', 'runc', 'strace'], 'counted', (site) => {
  const trace = site.path('trace');
  const log = site.path('log');

  /** Builds, printing to a file, and returns the calls that succeeded. */
  async function calls(names: string, args: readonly string[]): Promise<string[]> {
    const follow = ['-f', '-y', '-qq', '-s', '256', '-e', `trace=${names}`, '-e', 'signal=none', '-o', trace];
    const build = ['strace', ...follow, join(projectDir, 'bin/strata'), 'build', '-q', ...args];
    await runOk('sh', ['-c', 'exec "$@" >"$0"', log, ...build], { env: site.environment });
    // A call that others interrupt in the output has its name and arguments in a line before.
    const begun = new Map<string, string>();
    return readFileSync(trace, 'latin1')
      .split('\n')
      .flatMap((line) => {
        const [, pid = '', call = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
        if (call.endsWith('<unfinished ...>')) begun.set(pid, call);
        const whole = call.startsWith('<...') ? `${begun.get(pid)} ${call}` : call;
        return / = (0|[1-9]\d*)(<|$)/.test(whole) ? [whole] : [];
      });
  }

  const runs = (count: number, name: string) =>
    site.files(name, {
      Dockerfile: [
        'FROM strata-base/busybox',
        ...Array.from({ length: count }, (_, i) => `RUN echo ${i} >/${i}`),
      ].join('\n'),
    });

  beforeAll(() => site.makeBusyboxBase());

  test('one more RUN is three more programs: the runtime, the runtime inside, and the step', async () => {
    const started = async (context: string) =>
      (await calls('execve', ['--no-cache', context])).filter((call) => call.startsWith('execve(')).length;
    const [two, five] = [await started(runs(2, 'two')), await started(runs(5, 'five'))];
    expect(five - two).toBe(9);
    expect(two).toBeLessThanOrEqual(16);
  });

  test('no program is started by a copy of the process', async () => {
    await calls('clone,clone3,fork,vfork', ['--no-cache', runs(1, 'lent')]);
    const [main = '', ...own] = readFileSync(trace, 'latin1').split('\n');
    const [pid = ''] = main.split(' ');
    const begun = own.filter((line) => line.startsWith(`${pid} `) && /(clone3?|fork)\(/.test(line));
    expect(begun.length).toBeGreaterThan(0);
    expect(begun.filter((call) => !call.includes('CLONE_VM'))).toEqual([]);
  });

  test.each(['runc', 'crun'])('with %s a build does not wait for control groups to go', async (runtime) => {
    const started = await calls('execve', ['--no-cache', '--runtime', runtime, runs(1, 'one')]);
    expect(started.filter((call) => /^execve\("[^"]*\/(find|sleep)"/.test(call))).toEqual([]);
  });

  test.each(['runc', 'crun'])('%s neither mounts nor copies itself for a step', async (runtime) => {
    const context = runs(1, 'sealed');
    const made = await calls('mount,memfd_create', ['--no-cache', '--runtime', runtime, context]);
    expect(made.filter((call) => call.includes('/proc/self/exe'))).toEqual([]);
    expect(made.filter((call) => call.startsWith('memfd_create('))).toHaveLength(1);
  });

  test('a blob is flushed once, and nothing else is; built again, nothing is flushed or written to the store', async () => {
    const out = ['-o', `type=oci,dest=${site.path('out.tar')}`];
    const isFlush = (call: string) => call.includes('/ingest/') && /^f(data)?sync\(/.test(call);
    const intoStore = (call: string) => /^rename.*\/blobs\/sha256\//.test(call);
    const cold = await calls('fsync,fdatasync,rename', [...out, '--no-cache', runs(3, 'flushed')]);
    // Three layers, the image's config and its manifest.
    expect(cold.filter(intoStore)).toHaveLength(5);
    expect(cold.filter(isFlush)).toHaveLength(5);
    expect(cold.filter((call) => call.includes(`<${log}>`))).toEqual([]);
    const cached = await calls('fsync,fdatasync,rename', [...out, '--fail-on-miss', site.path('flushed')]);
    expect(cached.filter(intoStore)).toEqual([]);
    expect(cached.filter(isFlush)).toEqual([]);
  });

  test('a file of the context is read for its digest and for its layer; none is read to export it', async () => {
    const names = Array.from({ length: 50 }, (_, index) => `src/${index}`);
    const context = site.files('copied', {
      Dockerfile: 'FROM strata-base/busybox\nCOPY src /src\nRUN ls /src\n',
      ...Object.fromEntries(names.map((name) => [name, `content of ${name}`])),
    });
    const opened = await calls('open,openat,openat2', [
      ...['--no-cache', '-o', `type=oci,dest=${site.path('copied.tar')}`],
      context,
    ]);
    const ofContext = opened.filter((call) => call.includes(`<${context}/src/`));
    expect(ofContext).toHaveLength(2 * names.length);
  });

  test('control groups of killed builds are looked for only where one was killed', async () => {
    const context = site.files('next', { Dockerfile: 'FROM strata-base/busybox\n' });
    const looks = async () =>
      (await calls('openat', [context])).filter((call) => /"\/sys\/fs\/cgroup.*O_DIRECTORY/.test(call));
    expect(await looks()).toEqual([]);
    writeFileSync(join(site.root, 'run/0a1b2c3d4e5f.lock'), '');
    expect(await looks()).not.toEqual([]);
  });

  test('without a RUN nothing of a base is unpacked', async () => {
    const before = readdirSync(join(site.root, 'snapshots')).length;
    await site.strataOk(['save', '-o', site.path('base.tar'), 'strata-base/busybox']);
    const empty = site.path('empty-store');
    const context = site.files('copy-only', { Dockerfile: 'FROM strata-base/busybox\nCOPY a /a\n', a: 'a' });
    await site.strataOk(['--root', empty, 'load', '-i', site.path('base.tar')]);
    await site.strataOk(['--root', empty, 'build', '-o', `type=oci,dest=${site.path('copy.tar')}`, context]);
    expect(before).toBeGreaterThan(0);
    expect(readdirSync(join(empty, 'snapshots'))).toEqual([]);
  });
});
