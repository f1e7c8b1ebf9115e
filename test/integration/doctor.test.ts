/** `strata doctor` on this machine, and on ones that lack something. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bytePathFromText } from '../../src/core/byte-path.ts';
import { setXattr } from '../../src/sys/xattr.ts';
import { projectDir } from '../structure/imports.ts';
import { findProgram, sandboxNeeds } from '../support/capabilities.ts';
import { type Finding, findingsOf } from '../support/doctor.ts';
import { onceItRuns } from '../support/killed-build.ts';
import { cgroupsOf, runsOf } from '../support/leftovers.ts';
import { run } from '../support/process.ts';
import { describeBuilds } from '../support/site.ts';
import { configure, makePerson, type Person } from '../support/unprivileged.ts';

/** CAP_SETUID, CAP_SETGID. */
const [setUid, setGid] = [7, 6];

function named(findings: readonly Finding[], name: string): Finding | undefined {
  return findings.find((finding) => finding.name === name);
}

const names =
  'user programs runtime gzip zstd configuration emulators limits store disk clock overlay step seccomp network leftovers';

/** Runs a program where `paths` are no programs: in a mount namespace of its own, as root of it. */
function without(paths: readonly string[]): [command: string, ...args: string[]] {
  const script = 'for path in $HIDDEN; do mount --bind /dev/null "$path"; done; exec "$@"';
  return ['env', `HIDDEN=${paths.join(' ')}`, 'unshare', '--mount', 'sh', '-c', script, 'sh'];
}

/** Gives a process that moves into a user namespace the ids it had. */
async function mapAllIds(pid: number): Promise<void> {
  const own = readlinkSync('/proc/self/ns/user');
  while (readlinkSync(`/proc/${pid}/ns/user`) === own) await sleep(5);
  for (const map of ['uid_map', 'gid_map']) writeFileSync(`/proc/${pid}/${map}`, '0 0 4294967295\n');
}

describeBuilds([...sandboxNeeds, 'newuidmap'], 'strata doctor', (site) => {
  const strata = join(projectDir, 'bin/strata');
  let person: Person;
  let poorPerson: Person;
  beforeAll(async () => {
    person = await makePerson(site.path('person'), 65_536);
    poorPerson = await makePerson(site.path('poor'), 0);
  });
  afterAll(async () => {
    await person?.remove();
    await poorPerson?.remove();
  });

  test('says a line for each thing, and finds nothing that a build of root lacks', async () => {
    const outcome = await site.strata(['doctor']);
    const lines = outcome.stdout.split('\n').filter((line) => /^(ok|warn|fail) /.test(line));
    const said = lines.map((line) => /^[a-z]+ +([a-z ]+):/.exec(line)?.[1] ?? '');
    expect(said.filter((name) => name !== 'leftover cgroup').join(' ')).toBe(names);
    expect(outcome.stdout).toContain('ok    user: root\n');
    expect(outcome.stdout).toContain('ok    seccomp: system calls are filtered\n');
    expect(lines.filter((line) => /^fail {2}(?!leftover cgroup)/.test(line))).toEqual([]);
    expect(outcome.code).toBe(lines.some((line) => line.startsWith('fail')) ? 1 : 0);
    expect(readdirSync(join(site.root, 'run'))).toEqual([]);
  });

  test.each<[who: string, person: () => Person, verdict: string, text: string]>([
    ['an ordinary user', () => person, 'ok', 'root of a user namespace with 65537 users and 65537 groups'],
    ['a user without subordinate ids', () => poorPerson, 'warn', '/etc/subuid has no line for'],
  ])('tries all that for %s', async (_who, someone, verdict, text) => {
    const findings = findingsOf(await someone().strata(['doctor', '--json']));
    expect(findings.map(({ name }) => name).join(' ')).toBe(names);
    expect(named(findings, 'user')).toMatchObject({ verdict, text: expect.stringContaining(text) });
    expect(named(findings, 'overlay')?.text).toBe('works, with its notes in user attributes');
    expect(named(findings, 'limits')).toMatchObject({
      verdict: 'warn',
      remedy: expect.stringContaining('Delegate=yes'),
    });
    expect(findings.filter((finding) => finding.verdict === 'fail')).toEqual([]);
  });

  test('says which setting of the machine keeps users from namespaces, and goes on', async () => {
    // Root of a namespace sets for it what root sets for the machine; it is root once ids are mapped.
    const wait = 'until [ "$(id -u)" = 0 ]; do sleep 0.02; done; exec "$@"';
    const forbid = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"';
    const inner = ['--user', 'sh', '-c', wait, 'sh', 'sh', '-c', forbid, 'sh'];
    const command = person.strataCommand(['doctor', '--json']);
    const outcome = await run('unshare', [...inner, ...command], {
      cwd: person.home,
      env: { HOME: person.home },
      onStart: (pid) => void mapAllIds(pid),
    });
    const findings = findingsOf(outcome);
    expect(named(findings, 'user')).toEqual({
      name: 'user',
      verdict: 'fail',
      text: 'cannot make a user namespace, which building without root takes: this machine allows none',
      remedy: 'as root: sysctl -w user.max_user_namespaces=15000',
    });
    expect(outcome.code).toBe(1);
    expect(findings.map(({ name }) => name).join(' ')).toBe(names.replace(/ limits.*/, ''));
  });

  test.each<[what: string, capabilities: readonly number[], verdict: string, text: string]>([
    [
      'file capabilities',
      [setUid, setGid],
      'ok',
      'root of a user namespace with 65537 users and 65537 groups',
    ],
    ['nothing', [], 'warn', 'Operation not permitted'],
  ])('finds a newuidmap with %s instead of the setuid bit', async (what, capabilities, verdict, text) => {
    const dir = site.files(`mapped-by-${what}`, { 'store/': '' });
    const programs = ['newuidmap', 'newgidmap'];
    const binds = programs.flatMap((name, index) => {
      const [installed = '', copy] = [findProgram(name), join(dir, name)];
      copyFileSync(installed, copy);
      chmodSync(copy, 0o755);
      const capability = capabilities[index];
      if (capability !== undefined) {
        // What setcap cap_...+ep writes (capabilities(7), "File capabilities").
        const words = Uint32Array.of(0x02000001, 1 << capability, 0, 0, 0);
        setXattr(bytePathFromText(copy), 'security.capability', new Uint8Array(words.buffer));
      }
      return [copy, installed];
    });
    const script = 'mount --bind "$1" "$2" && mount --bind "$3" "$4" && shift 4 && exec "$@"';
    const command = person.strataCommand(['doctor', '--json']);
    const outcome = await run('unshare', ['--mount', 'sh', '-c', script, 'sh', ...binds, ...command], {
      cwd: person.home,
      env: { HOME: person.home, XDG_DATA_HOME: join(person.home, what) },
    });
    const found = named(findingsOf(outcome), 'user');
    expect(found).toMatchObject({ verdict, text: expect.stringContaining(text) });
    if (verdict === 'warn') expect(found?.remedy).toContain('setcap cap_setuid+ep /usr/bin/newuidmap');
  });

  describe('says what is missing', () => {
    test.each<[programs: string[], name: string, verdict: string, text: string, remedy: string]>([
      [['runc'], 'runtime', 'fail', 'runc is missing', 'strata build --runtime crun'],
      [['runc', 'crun'], 'runtime', 'fail', 'runc is missing', 'apt-get install runc'],
      [['git'], 'programs', 'warn', 'git is missing', 'apt-get install git'],
      [['slirp4netns', 'pasta'], 'network', 'warn', 'share the network', 'apt-get install slirp4netns'],
    ])('without %s', async (programs, name, verdict, text, remedy) => {
      const paths = programs.flatMap((program) => findProgram(program) ?? []);
      const [command, ...args] = without(paths);
      const outcome = await run(command, [...args, strata, 'doctor', '--json'], { env: site.environment });
      const found = named(findingsOf(outcome), name);
      expect(found).toMatchObject({ verdict, text: expect.stringContaining(text) });
      expect(found?.remedy).toContain(remedy);
    });

    test('for a user whose kernel mounts no overlay, without fuse-overlayfs', async () => {
      const paths = [findProgram('fuse-overlayfs') ?? []].flat();
      const [command, ...args] = without(paths);
      configure(person, { snapshotter: 'fuse-overlayfs' });
      const outcome = await run(command, [...args, ...person.strataCommand(['doctor', '--json'])], {
        cwd: person.home,
        env: { HOME: person.home },
      });
      configure(person, {});
      expect(named(findingsOf(outcome), 'overlay')).toMatchObject({
        verdict: 'fail',
        text: expect.stringContaining('fuse-overlayfs is not installed'),
        remedy: 'apt-get install fuse-overlayfs',
      });
    });

    test('for a user without newuidmap', async () => {
      const paths = ['newuidmap', 'newgidmap'].flatMap((program) => findProgram(program) ?? []);
      const [command, ...args] = without(paths);
      const outcome = await run(command, [...args, ...person.strataCommand(['doctor', '--json'])], {
        cwd: person.home,
        env: { HOME: person.home, XDG_DATA_HOME: join(person.home, 'other') },
      });
      expect(named(findingsOf(outcome), 'user')).toMatchObject({
        verdict: 'warn',
        remedy: expect.stringContaining('apt-get install uidmap'),
      });
    });
  });

  test.each([
    ['configuration', { 'config/strata/config.json': '{"runtim": "crun"}' }, 'runtim'],
    ['store', { 'store/version': '2\n' }, 'version 2'],
  ])('names a %s that it does not understand', async (name, files, text) => {
    const dir = site.files(`bad-${name}`, files);
    const outcome = await site.strata(['--root', join(dir, 'store'), 'doctor', '--json'], {
      env: { XDG_CONFIG_HOME: join(dir, 'config') },
    });
    expect(outcome.code).toBe(1);
    expect(named(findingsOf(outcome), name)).toMatchObject({
      verdict: 'fail',
      text: expect.stringContaining(text),
    });
  });

  test('names a store on an overlay', async () => {
    const dir = site.files('nested', { 'lower/': '', 'upper/': '', 'work/': '', 'merged/': '' });
    const layers = ['lowerdir', 'upperdir', 'workdir'].map((each) => `${each}=${dir}/${each.slice(0, -3)}`);
    const script = `mount -t overlay -o ${layers.join(',')} none ${dir}/merged && exec "$@"`;
    const args = ['--mount', 'sh', '-c', script, 'sh', strata, '--root', `${dir}/merged`, 'doctor', '--json'];
    const outcome = await run('unshare', args, { env: site.environment });
    expect(outcome.code).toBe(1);
    expect(named(findingsOf(outcome), 'overlay')).toMatchObject({
      verdict: 'fail',
      remedy: expect.stringContaining('a volume'),
    });
  });

  test('tells what a killed build left from what stays, and how to end that', async () => {
    const leftovers = async () => {
      const findings = findingsOf(await site.strata(['doctor', '--json']));
      return findings.filter(({ name }) => name.startsWith('leftover'));
    };
    await site.makeBusyboxBase();
    const slow = site.files('slow', {
      Dockerfile: 'FROM strata-base/busybox\nRUN echo it runs now; sleep 60\n',
    });
    await site.strata(
      ['build', '--progress', 'plain', slow],
      onceItRuns((pid) => process.kill(pid, 'SIGKILL')),
    );
    // What watches over the steps ends a moment later.
    while ((await cgroupsOf(runsOf(site.root))).length > 0) await sleep(20);
    expect(await leftovers()).toMatchObject([
      { verdict: 'ok', text: 'none but 1 directory that the next build removes' },
    ]);

    // What strata does not do: a process that outlives its build, in sight of its mounts.
    const [dead] = readdirSync(join(site.root, 'run')).filter((name) =>
      existsSync(join(site.root, 'run', name, 'ingest')),
    );
    const mountPoint = join(site.root, 'run', dead ?? '', 'mounts');
    mkdirSync(mountPoint, { recursive: true });
    const stray = spawn(
      'unshare',
      ['--mount', 'sh', '-c', `mount -t tmpfs none ${mountPoint} && echo ready && exec sleep 60`],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const ended = once(stray, 'exit');
    await once(stray.stdout, 'data');
    writeFileSync(join(site.root, 'stray.txt'), '');
    const left = await leftovers();
    expect(left.map(({ name, verdict }) => [name, verdict])).toEqual([
      ['leftover process', 'fail'],
      ['leftover file', 'fail'],
    ]);
    expect(left[0]?.text).toContain(`sees ${mountPoint}`);
    for (const { remedy } of left) await run('sh', ['-c', remedy ?? '']);
    await ended;
    expect(await leftovers()).toMatchObject([{ verdict: 'ok' }]);

    await site.strataOk(['build', site.files('quick', { Dockerfile: 'FROM strata-base/busybox\n' })]);
    expect(await leftovers()).toMatchObject([{ verdict: 'ok', text: 'none in this store' }]);
  });
});
