/** Builds of an ordinary user: what comes out, and what is left behind. */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bytePathFromText } from '../../src/core/byte-path.ts';
import { readXattr, setXattr } from '../../src/sys/xattr.ts';
import { projectDir } from '../structure/imports.ts';
import { busyboxRootfs, debianRootfs } from '../support/bases.ts';
import { sandboxNeeds } from '../support/capabilities.ts';
import { startDockerd } from '../support/dockerd.ts';
import { expectOnlyFilesOfKilled, killWhole, onceItRuns } from '../support/killed-build.ts';
import { cgroupsOf, leftovers, runsOf } from '../support/leftovers.ts';
import { run, runOk } from '../support/process.ts';
import { dockerLoadAndRun } from '../support/referees.ts';
import { startRegistry } from '../support/registry.ts';
import { describeBuilds, type Site } from '../support/site.ts';
import { configure, makePerson, type Person } from '../support/unprivileged.ts';

const needs = [...sandboxNeeds, 'newuidmap'] as const;
const allNeeds = [...needs, 'mmdebstrap', 'fuse-overlayfs'] as const;

/** The layers of an image, as `strata inspect` tells them. */
function diffIDs(inspected: string): string[] {
  const { layers } = JSON.parse(inspected) as { layers: { diffID: string }[] };
  return layers.map(({ diffID }) => diffID);
}

describeBuilds(allNeeds, 'an image built without root', (site) => {
  let person: Person;
  beforeAll(async () => {
    person = await makePerson(site.path('person'), 65_536);
  });
  afterAll(() => person?.remove());

  const epoch = { env: { SOURCE_DATE_EPOCH: '1000000000' } };
  const build = () => [
    ...['build', '--network', 'none', '--output', 'type=oci,dest=app.tar'],
    site.path('app'),
  ];

  test('has the layers of root: owners, setuid bits, capabilities, devices, deletions', async () => {
    const base = site.files('base', { Dockerfile: 'FROM scratch\nADD rootfs.tar devices.tar /\n' });
    const srv = site.files('devices', { 'srv/': '' });
    await runOk('mknod', ['-m', '640', join(srv, 'srv/char'), 'c', '1', '7']);
    await runOk('mknod', ['-m', '640', join(srv, 'srv/block'), 'b', '7', '300']);
    await runOk('tar', ['-C', srv, '-cf', join(base, 'devices.tar'), 'srv']);
    copyFileSync(await debianRootfs([]), join(base, 'rootfs.tar'));
    site.files('app', { Dockerfile: sameEverywhere, file: 'content\n' });
    await runOk('touch', ['-d', '@1000000000', site.path('app/file')]);

    await site.strataOk(['build', '-t', 'base', base], epoch);
    await site.strataOk(build(), { ...epoch, cwd: site.dir });
    await person.strataOk(['build', '-t', 'base', base], epoch);
    await person.strataOk(build(), epoch);

    const byRoot = diffIDs(await site.strataOk(['inspect', '--json', site.path('app.tar')]));
    const byPerson = diffIDs(await person.strataOk(['inspect', '--json', join(person.home, 'app.tar')]));
    expect(byRoot).toHaveLength(5);
    expect(byPerson).toEqual(byRoot);
  }, 180_000);

  test('has them too where fuse-overlayfs mounts the files', async () => {
    const made = async () =>
      diffIDs(await person.strataOk(['inspect', '--json', join(person.home, 'app.tar')]));
    const byKernel = await made();
    rmSync(join(person.home, 'app.tar'));
    configure(person, { snapshotter: 'fuse-overlayfs' });
    await person.strataOk([...build(), '--no-cache'], epoch);
    configure(person, {});
    expect(await made()).toEqual(byKernel);
  });

  test('of a base from a registry, is loaded and run by docker', async () => {
    const registry = await startRegistry(site.path('registry'));
    const engine = await startDockerd(site.path('docker'));
    try {
      const base = `${registry.host}/debian:bookworm`;
      await site.strataOk(['tag', 'base', base]);
      await site.strataOk(['push', base]);
      const context = join(projectDir, 'fixtures/programs/teller');
      const output = ['--output', 'type=docker,dest=teller.tar', '--build-arg', `BASE=${base}`];
      await runOk('cp', ['-r', context, site.path('teller')]);
      await person.strataOk(['build', '--network', 'none', '-t', 'teller', ...output, site.path('teller')]);
      const said = await dockerLoadAndRun(engine, join(person.home, 'teller.tar'), 'teller:latest');
      expect(said).toContain('I am teller, number 4321\nDebian 12\n');
      expect(said).toContain('as root: 0\nlinks: 2\n');
    } finally {
      await engine.stop();
      await registry.stop();
    }
  });
});

/** A person whose store has a busybox to build on. */
async function personWithBusybox(site: Site, subordinates: number): Promise<Person> {
  const person = await makePerson(site.path('person'), subordinates);
  const context = site.path('busybox');
  mkdirSync(context, { recursive: true });
  await busyboxRootfs(context);
  copyFileSync(join(projectDir, 'fixtures/busybox-base/Dockerfile'), join(context, 'Dockerfile'));
  await person.strataOk(['build', '-t', 'busybox', context]);
  return person;
}

describeBuilds(needs, 'a build without root', (site) => {
  let person: Person;
  beforeAll(async () => {
    person = await personWithBusybox(site, 65_536);
  });
  afterAll(() => person?.remove());

  const dockerfile = (name: string, text: string) =>
    site.files(name, { Dockerfile: `FROM busybox\n${text}` });

  test('has its store in the home of its user, and a step in it every id', async () => {
    const context = dockerfile('ids', 'USER 65535:65535\nRUN id -u; id -g; stat -c %u:%g /\n');
    const { stderr } = await person.strata(['build', '--progress', 'plain', context]);
    expect(stderr).toMatch(/ 65535\n.* 65535\n.* 0:0\n/);
    expect(statSync(person.root).uid).not.toBe(0);
  });

  test('lets a step make no device, nor take away those it has', async () => {
    const tries = ['mknod /made c 1 3', 'mknod /dev/made c 1 3', 'rm /dev/null'];
    const context = dockerfile('devices', `RUN ${tries.map((each) => `! ${each}`).join(' && ')}\n`);
    const { code, stderr } = await person.strata(['build', '--progress', 'plain', context]);
    expect(stderr.match(/(Operation not permitted|Device or resource busy)$/gm)).toHaveLength(tries.length);
    expect(code).toBe(0);
  });

  test('takes setuid bits from files that a step writes into', async () => {
    const steps = 'RUN touch /f && chmod 6755 /f && echo more >> /f && stat -c "bits %a" /f\n';
    const { stderr } = await person.strata(['build', '--progress', 'plain', dockerfile('bits', steps)]);
    expect(stderr).toMatch(/ bits 755$/m);
  });

  test('keeps what it exports to a directory in the hands of its user', async () => {
    const context = dockerfile(
      'files',
      'RUN echo x > /f && chown 7:8 /f\nFROM scratch\nCOPY --from=0 /f /f\n',
    );
    await person.strataOk(['build', '--output', 'out', context]);
    expect(statSync(join(person.home, 'out/f')).uid).toBe(statSync(person.home).uid);
  });

  test('says what it cannot export to a directory: devices', async () => {
    const context = site.files('device', { Dockerfile: 'FROM scratch\nADD d.tar /\n', 'd/': '' });
    await runOk('mknod', [join(context, 'd/null'), 'c', '1', '3']);
    await runOk('tar', ['-C', context, '-cf', join(context, 'd.tar'), 'd']);
    await runOk('rm', ['-r', join(context, 'd')]);
    const { code, stderr } = await person.strata(['build', '--output', 'devices', context]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('[device-not-made]')]);
    await person.strataOk(['build', '--output', 'type=tar,dest=devices.tar', context]);
    expect(await runOk('tar', ['-tvf', join(person.home, 'devices.tar')])).toMatch(
      /^crw.* 0\/0 +1,3 .* d\/null$/m,
    );
  });

  test.each([
    ['by root', '0100000200200000000000000000000000000000', 0, 'layers:'],
    ['in a namespace of others', '010000030020000000000000000000000000000088130000', 1, 'context-unreadable'],
  ])('of a file that was given capabilities %s', async (title, value, code, said) => {
    const context = site.files(title, { Dockerfile: 'FROM scratch\nCOPY tool /\n', tool: '' });
    setXattr(bytePathFromText(join(context, 'tool')), 'security.capability', Buffer.from(value, 'hex'));
    const outcome = await person.strata(['build', '--progress', 'plain', context]);
    expect(outcome).toMatchObject({ code, stderr: expect.stringContaining(said) });
  });

  test.each(['runc', 'crun'])('that failed is looked into, with %s', async (runtime) => {
    const text = 'RUN echo made > /left; mkdir -m 700 /closed; chown 33 /closed; exit 7\n';
    const context = dockerfile(`fails-${runtime}`, text);
    const flags = ['--runtime', runtime];
    const look = 'cat /left; stat -c "%u %a" /closed; id -u';
    const seen = 'made\n33 700\n0\n';
    const shell = await person.strata(['build', ...flags, '--no-cache', '--on-failure=shell', context], {
      input: `${look}\n`,
    });
    expect(shell).toMatchObject({ code: 1, stdout: seen });
    expect(await person.strataOk(['debug', ...flags, '--', 'sh', '-c', look])).toBe(seen);
  });

  test.each(['runc', 'crun'])('stopped by Ctrl-C, with %s, leaves nothing', async (runtime) => {
    const context = dockerfile('stubborn', 'RUN trap "" TERM INT; echo it runs now; sleep 60 & sleep 60\n');
    let pid = 0;
    const flags = ['--progress', 'plain', '--runtime', runtime];
    const { code } = await person.strata(['build', ...flags, context], {
      env: { STRATA_ROOT: person.root },
      onStart: (started) => (pid = started),
      onOutput: (output) => {
        if (!/\d it runs now$/m.test(output) || pid === 0) return;
        process.kill(pid, 'SIGINT');
        pid = 0;
      },
    });
    expect(code).toBe(130);
    expect(await leftovers({ ...site, root: person.root })).toEqual([]);
  });

  test('reaches the outside by a network of its own', async () => {
    const { mode } = statSync('/dev/net/tun');
    // As every machine with udev has it.
    chmodSync('/dev/net/tun', 0o666);
    try {
      const context = dockerfile('network', 'RUN ip -o addr show | grep -v " lo "\n');
      const { stderr } = await person.strata(['build', '--progress', 'plain', context]);
      expect(stderr).not.toContain('steps share the network');
      expect(stderr).toContain('inet 10.0.2.100/24');
    } finally {
      chmodSync('/dev/net/tun', mode);
    }
  });

  test('killed leaves no process and no mount, and its files to the next one', () =>
    expectOnlyFilesOfKilled(site, person));

  test.each([
    ['memory', ['--memory', '64m']],
    ['processors', ['--cpus', '1']],
    ['processes', ['--resource', 'pids-limit=20']],
    ['a place in a group', ['--cgroup-parent', 'others']],
  ])('refuses to limit %s where it was handed no control group', async (_title, flags) => {
    const { code, stderr } = await person.strata([
      'build',
      ...flags,
      dockerfile('limit', 'RUN echo limited\n'),
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain('[no-cgroup]');
    expect(stderr).toContain('systemd-run --user --scope');
  });

  test('keeps limits where it was handed a control group', () =>
    inOwnGroup(person, async (enter) => {
      const context = dockerfile(
        'limited',
        'RUN cd /sys/fs/cgroup; cat memory.max memory/memory.limit_in_bytes pids.max pids/pids.max; true\nRUN tail /dev/zero\n',
      );
      const limits = ['-m', '32m', '--resource', 'pids-limit=23'];
      const command = person.strataCommand(['build', '--progress', 'plain', ...limits, context]);
      const { stderr } = await run('sh', ['-c', enter, 'sh', ...command], { env: { HOME: person.home } });
      expect(stderr).toContain('33554432');
      expect(stderr).toMatch(/ 23$/m);
      expect(stderr).toContain('[step-out-of-memory]');
    }));

  test('killed there with all that it started, leaves nothing that the next one does not take away', () =>
    inOwnGroup(person, async (enter) => {
      const context = dockerfile('killed', 'RUN echo it runs now; sleep 60\n');
      const command = person.strataCommand(['build', '--progress', 'plain', context]);
      await run('sh', ['-c', enter, 'sh', ...command], {
        env: { HOME: person.home },
        ...onceItRuns(killWhole),
      });
      const killed = runsOf(person.root);
      expect(await cgroupsOf(killed)).not.toEqual([]);
      await person.strataOk(['build', dockerfile('next', '')]);
      expect(await leftovers({ ...site, root: person.root })).toEqual([]);
      expect(await cgroupsOf(killed)).toEqual([]);
    }));

  test('shows a directory of a cache alone', async () => {
    const mount = '--mount=type=cache,id=parts,target=/c';
    const context = dockerfile(
      'part',
      `RUN ${mount} mkdir -p /c/a/b\nRUN ${mount},source=a [ "$(ls /c)" = b ]\n`,
    );
    await person.strataOk(['build', context]);
  });

  test('refuses a store whose files belong to other ids', async () => {
    const inner = site.path('other-store');
    mkdirSync(inner);
    writeFileSync(join(inner, 'version'), '1\n');
    const range = { inside: 1, outside: 100, count: 5 };
    writeFileSync(join(inner, 'owners'), JSON.stringify({ uids: [range], gids: [range] }));
    await runOk('chown', ['-R', `${person.name}:`, inner]);
    const { code, stderr } = await person.strata(['--root', inner, 'build', dockerfile('any', '')]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('[other-owners]')]);
  });

  test('refuses a store that it may not write to', async () => {
    const store = site.path('store-of-root');
    mkdirSync(store);
    writeFileSync(join(store, 'version'), '1\n');
    for (const command of [['build', dockerfile('any', '')], ['images'], ['prune']]) {
      const { code, stderr } = await person.strata(['--root', store, ...command]);
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(/^error: cannot use .*: EACCES.* \[root-unusable\]\n {2}help: /),
      ]);
    }
  });

  test('leaves a store that "strata prune --all" empties, whoever its files belong to', async () => {
    await person.strataOk([
      'build',
      dockerfile('owners', 'RUN mkdir -m 700 /closed && touch /closed/f && chown -R 9:9 /closed\n'),
    ]);
    for (const name of (await person.strataOk(['images', '--quiet'])).split('\n').filter(Boolean)) {
      await person.strataOk(['rmi', name]);
    }
    await person.strataOk(['prune', '--all']);
    expect(readdirSync(person.root)).toEqual(['version']);
  });
});

describeBuilds([...needs, 'fuse-overlayfs'], 'a copy without root', (site) => {
  let person: Person;
  beforeAll(async () => {
    person = await personWithBusybox(site, 65_536);
  });
  afterAll(() => person?.remove());

  test('leaves files to an earlier one, whoever mounts them', async () => {
    const steps = ['RUN chmod 711 / && cat /tree/* | md5sum > /sum', 'FROM scratch', 'COPY --from=0 /sum /'];
    const text = ['FROM busybox', 'COPY tree /tree', ...steps].join('\n');
    const context = site.files('nearly', { Dockerfile: text });
    const tree = join(context, 'tree');
    mkdirSync(tree);
    for (let i = 0; i < 210; i++) writeFileSync(join(tree, `${i}`), `file ${i}`);
    // What changed just now is read again by the next build, which tells nobody what it is.
    await sleep(3100);
    const snapshots = join(person.root, 'snapshots');
    const out = join(person.home, 'nearly');
    /** How many of the snapshots that a build makes leave files to another. */
    const build = async (snapshotter: string) => {
      configure(person, { snapshotter });
      const before = readdirSync(snapshots);
      writeFileSync(join(tree, '5'), `${before.length}`);
      await person.strataOk(['build', '-o', `type=local,dest=${out}`, context]);
      configure(person, {});
      expect(readFileSync(join(out, 'sum'), 'utf8')).toBe(
        await runOk('sh', ['-c', `cat ${tree}/* | md5sum`]),
      );
      const made = readdirSync(snapshots).filter((id) => !before.includes(id));
      const paths = made.map((id) => bytePathFromText(join(snapshots, id)));
      return paths.filter((path) => readXattr(path, 'user.overlay.strata.rest') !== undefined).length;
    };
    expect(await build('overlay')).toBe(0);
    // No overlay takes the note along into what the next step changes.
    expect(await build('overlay')).toBe(1);
    expect(await build('fuse-overlayfs')).toBe(1);
  });
});

describeBuilds(needs, 'a build without subordinate ids', (site) => {
  let person: Person;
  beforeAll(async () => {
    person = await personWithBusybox(site, 0);
  });
  afterAll(() => person?.remove());

  test.each([
    ["works where everything is root's", 'RUN echo x > /f\n', 0, ''],
    ['cannot run a step as somebody else', 'USER 33\nRUN true\n', 1, '[id-not-mapped]'],
    ['lets a step fail that gives files away', 'RUN touch /f && chown 33 /f\n', 1, 'Invalid argument'],
    ['cannot write files of others', 'COPY --chown=33:33 Dockerfile /\nRUN true\n', 1, '[id-not-mapped]'],
  ])('%s', async (title, text, code, reason) => {
    const context = site.files(title, { Dockerfile: `FROM busybox\n${text}` });
    const outcome = await person.strata(['build', '--progress', 'plain', context]);
    expect(outcome).toMatchObject({ code, stderr: expect.stringContaining(reason) });
    expect(outcome.stderr).toContain(`without subordinate ids all files belong to root`);
    expect(outcome.stderr).toContain(`/etc/subuid has no line for ${person.name}`);
  });
});

/** Does work with a control group that a person was handed. @param work is given a script that runs `"$@"` in it */
async function inOwnGroup(person: Person, work: (enter: string) => Promise<void>): Promise<void> {
  const group = `strata-test-${randomBytes(4).toString('hex')}`;
  const groups = hierarchies().map((dir) => join(dir, group));
  try {
    for (const dir of groups) {
      mkdirSync(dir);
      inheritCpus(dir);
      await runOk('chown', ['-R', `${person.name}:`, dir]);
    }
    await work(`${groups.map((dir) => `echo $$ > ${dir}/cgroup.procs`).join('; ')}; exec "$@"`);
  } finally {
    // strata makes the inner one in the second version, for itself.
    const made = groups.flatMap((dir) => [join(dir, 'strata'), dir]);
    for (const dir of made.filter(existsSync)) rmdirSync(dir);
  }
}

/** Where control groups with controllers are mounted: the one of the second version, or all of the first. */
function hierarchies(): string[] {
  const top = '/sys/fs/cgroup';
  if (existsSync(join(top, 'cgroup.controllers'))) return [top];
  return readdirSync(top)
    .map((name) => join(top, name))
    .filter((dir) => existsSync(join(dir, 'cgroup.procs')) && !existsSync(join(dir, 'cgroup.controllers')));
}

/** A cpuset group of the first version takes nobody in before it has processors and memory. */
function inheritCpus(dir: string): void {
  for (const name of ['cpuset.cpus', 'cpuset.mems']) {
    const path = join(dir, name);
    if (existsSync(path) && !existsSync(join(dir, 'cgroup.controllers'))) {
      writeFileSync(path, readFileSync(join(dir, '..', name)));
    }
  }
}

/** Everything in a layer that a user namespace might change; all dates are set. */
const sameEverywhere = `
FROM base
RUN chown 33:42 /etc/issue && chmod 6755 /etc/issue && rm -r /usr/share/doc && mkdir /usr/share/doc \\
 && rm /etc/debian_version /srv/char && chown 3:4 /srv/block \\
 && touch -d @1000000000 /etc/issue /etc /usr/share/doc /usr/share /srv/block /srv
RUN cp /bin/true /srv/able && chown 1:2 /srv/able && perl -e ' \\
      my ($file, $name, $value) = ("/srv/able", "security.capability", pack("V5", 0x02000001, 1 << 13, 0, 0, 0)); \\
      syscall((grep { /x86_64/ } \`uname -m\`) ? 188 : 5, $file, $name, $value, 20, 0) == 0 or die $!' \\
 && touch -d @1000000000 /srv/able /srv
COPY --chown=4242:65000 --chmod=2751 file /srv/
COPY --from=base /etc/shadow /usr/bin/passwd /srv/
`;
