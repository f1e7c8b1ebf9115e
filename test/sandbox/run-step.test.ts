import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StepLimits, StepRequest } from '../../src/sandbox/step.ts';
import { statFile } from '../../src/sys/stat.ts';
import { openWorkshop, runIn, type Workshop } from './busybox-root.ts';

describe.each(['runc', 'crun'])('with %s', (runtime) => {
  let workshop: Workshop;
  beforeAll(async () => {
    workshop = await openWorkshop(runtime);
  });
  afterAll(async () => {
    await workshop.close();
  });
  const run = (command: string | readonly string[], request?: Partial<StepRequest>) =>
    runIn(workshop, command, request);

  describe('how it ends', () => {
    test.each([
      ['well', 'true', 0],
      ['with a code', 'exit 3', 3],
      ['with the largest code', 'exit 255', 255],
      ['killed by a signal', "sh -c 'kill -TERM $$'; exit $?", 143],
      ['as the code of the last command', 'false; true', 0],
    ])('%s', async (_title, script, want) => {
      expect((await run(script)).code).toBe(want);
    });

    test('the main process killed by a signal is 128 and its number', async () => {
      const script =
        'trap "" TERM; (sleep 0.1; kill -SEGV 1; kill -KILL 1) & exec awk \'BEGIN { while (1); }\'';
      const running = run(['/bin/sh', '-c', `ulimit -t 1; ${script}`]);
      expect((await running).code).toBe(137);
    });
  });

  describe('what never runs', () => {
    const root = { uid: 0, gid: 0, groups: [0], home: '/' };
    test.each([
      ['not on PATH', ['nope'], {}, 'command-not-found', 'exec: "nope": executable file not found in $PATH'],
      ['no such path', ['/x/nope'], {}, 'command-not-found', 'exec: "/x/nope": no such file or directory'],
      [
        'a file without x',
        ['/etc/passwd'],
        {},
        'command-not-executable',
        'exec: "/etc/passwd": permission denied',
      ],
      ['a directory', ['/etc'], {}, 'command-not-executable', 'exec: "/etc": permission denied'],
      [
        'cwd is a file',
        ['true'],
        { cwd: '/etc/passwd' },
        'not-a-directory',
        '"/etc/passwd" is not a directory',
      ],
      [
        'a limit above what we may',
        ['true'],
        { user: { ...root, uid: -1 } },
        'runtime-failed',
        'container runtime',
      ],
    ] as const)('%s', async (_title, args, request, code, message) => {
      await expect(run(args, request)).rejects.toMatchObject({
        name: 'StepError',
        code,
        message: expect.stringContaining(message),
      });
    });

    test('an image without a shell', async () => {
      await expect(run(['/sbin/bash', '-c', 'true'])).rejects.toMatchObject({
        hint: expect.stringContaining('exec form'),
      });
    });
  });

  describe('what the process sees', () => {
    test('the environment as given and HOME, nothing else', async () => {
      const env = [
        ['PATH', '/bin'],
        ['A', 'x=y z'],
        ['EMPTY', ''],
        ['UMLAUT', 'ä\n1'],
      ] as const;
      const { stdout } = await run(['cat', '/proc/self/environ'], { env });
      expect(stdout).toBe('PATH=/bin\0A=x=y z\0EMPTY=\0UMLAUT=ä\n1\0HOME=/root\0');
      const given = await run(['cat', '/proc/self/environ'], { env: [...env, ['HOME', '/h']] });
      expect(given.stdout).toBe('PATH=/bin\0A=x=y z\0EMPTY=\0UMLAUT=ä\n1\0HOME=/h\0');
    });

    test('its user and groups', async () => {
      const user = { uid: 1000, gid: 100, groups: [100, 10], home: '/home/ada' };
      const { stdout } = await run(
        'id; echo $HOME; touch /tmp/f; stat -c %u:%g /tmp/f; echo x > /dev/stdout',
        { user },
      );
      expect(stdout).toBe(
        'uid=1000(ada) gid=100(users) groups=10(wheel),100(users)\n/home/ada\n1000:100\nx\n',
      );
    });

    test.each([
      ['sandbox', 0, '00000000a80425fb', '00000000a80425fb', '2'],
      ['sandbox', 1000, '0000000000000000', '00000000a80425fb', '2'],
    ] as const)(
      'capabilities and seccomp: %s, uid %i',
      async (security, uid, effective, bounding, seccomp) => {
        const user = { uid, gid: uid, groups: [uid], home: '/' };
        const { stdout } = await run(['cat', '/proc/self/status'], { security, user });
        const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(stdout)?.[1];
        expect([
          field('CapEff'),
          field('CapBnd'),
          field('CapInh'),
          field('Seccomp'),
          field('NoNewPrivs'),
        ]).toEqual([effective, bounding, '0000000000000000', seccomp, '0']);
      },
    );

    test('insecure: all capabilities we have, no filter, /sys and /proc/sys to write', async () => {
      const own = /^CapPrm:\s*(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
      const script = `
        grep -E "^(CapEff|Seccomp):" /proc/self/status
        grep " /sys sysfs " /proc/mounts | cut -d" " -f4 | cut -d, -f1
        cat /proc/sys/kernel/printk > /tmp/p && cat /tmp/p > /proc/sys/kernel/printk && echo sysctl
        unshare -m true && echo namespace`;
      const { stdout } = await run(script, { security: 'insecure' });
      expect(stdout).toBe(`CapEff:\t${own}\nSeccomp:\t0\nrw\nsysctl\nnamespace\n`);
    });

    test('it is alone: pid 1, no process of ours, its own host name and ipc', async () => {
      const { stdout } = await run(
        'echo $$; ls -d /proc/[0-9]* | wc -l; hostname; cat /proc/self/cgroup | grep -c strata',
        {
          hostname: 'here',
        },
      );
      // The processes of the pipeline itself, as many as there are just then; the host has many more.
      expect(stdout).toMatch(/^1\n[1-5]\nhere\n0\n$/);
    });

    test('an empty standard input', async () => {
      expect((await run('cat; echo $?')).stdout).toBe('0\n');
    });

    test('the file systems of a container', async () => {
      const script =
        'for f in /proc /dev /dev/pts /dev/shm /dev/mqueue /sys /sys/fs/cgroup; do grep -m1 " $f " /proc/mounts | cut -d" " -f2,3,4 | cut -d, -f1; done; df /dev/shm | tail -1 | tr -s " " | cut -d" " -f2; ls /dev | tr "\\n" " "';
      const { stdout } = await run(script, { limits: { ulimits: [], shmSizeBytes: 1 << 20 } });
      expect(stdout.split('\n')).toEqual([
        '/proc proc rw',
        '/dev tmpfs rw',
        '/dev/pts devpts rw',
        '/dev/shm tmpfs rw',
        '/dev/mqueue mqueue rw',
        '/sys sysfs ro',
        expect.stringMatching(/^\/sys\/fs\/cgroup (tmpfs|cgroup2?) r[ow]$/),
        '1024',
        expect.stringMatching(/fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero/),
      ]);
    });

    test('nothing it must not: masked paths, devices, namespaces, kernel settings', async () => {
      const script = `
        cat /proc/kcore | wc -c
        mknod /tmp/disk b 8 0 && echo made; cat /tmp/disk 2>&1 | tail -1
        echo 1 2>/dev/null > /proc/sys/kernel/printk || echo no sysctl
        unshare -m true 2>&1 | tail -1; mount -t tmpfs x /tmp 2>&1 | tail -1`;
      const { stdout } = await run(script);
      expect(stdout).toMatch(
        /^0\nmade\n.*not permitted\nno sysctl\n.*not permitted\n.*denied|.*not permitted/,
      );
    });

    test('limits', async () => {
      const limits = {
        ulimits: [
          { name: 'nofile', soft: 100, hard: 200 },
          { name: 'core', soft: 0, hard: 0 },
        ],
        memoryBytes: 64 << 20,
      };
      const { stdout } = await run(
        'ulimit -n; ulimit -Hn; ulimit -c; cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null',
        { limits },
      );
      expect(stdout).toBe(`100\n200\n0\n${64 << 20}\n`);
    });
  });

  describe('limits of the machine', () => {
    const limited = (limits: Partial<StepLimits>) => ({ limits: { ulimits: [], ...limits } });

    test('processor: quota, period, weight and set', async () => {
      const { stdout } = await run(
        `cd /sys/fs/cgroup; cat cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us cpu/cpu.shares cpuset/cpuset.cpus 2>/dev/null ||
        { tr ' ' '\n' < cpu.max; echo 512; cat cpuset.cpus; }`,
        limited({ cpuQuota: 150_000, cpuPeriod: 100_000, cpuShares: 512, cpusetCpus: '0' }),
      );
      expect(stdout).toBe('150000\n100000\n512\n0\n');
    });

    test.each([
      ['processors that are not there', { cpusetCpus: '4000' }],
      ['a quota below what the kernel takes', { cpuQuota: 1, cpuPeriod: 100_000 }],
    ])('what cannot be applied is an error: %s', async (_title, limits) => {
      await expect(run('true', limited(limits))).rejects.toMatchObject({ code: 'runtime-failed' });
    });

    test('processes: who starts fifty gets as many as there may be, and others when those have ended', async () => {
      const { code, stdout, stderr } = await run(
        '(for i in $(seq 50); do sleep 60 & echo started; done); kill -9 -1; wait; cat /dev/null && echo again',
        limited({ pidsLimit: 20 }),
      );
      // The two shells count.
      expect({ code, stdout }).toEqual({ code: 0, stdout: `${'started\n'.repeat(18)}again\n` });
      expect(stderr).toContain("can't fork");
    });

    test.each([
      ['the step itself', ['/bin/sh', '-c', 'exec tail /dev/zero'], 137],
      ['something it started', ['/bin/sh', '-c', 'tail /dev/zero; sleep 0.2; exit 5'], 5],
    ] as const)('killed at the memory limit: %s', async (_title, args, code) => {
      expect(await run(args, limited({ memoryBytes: 32 << 20 }))).toMatchObject({
        code,
        metLimit: 'memory',
      });
    });

    test('a failure under a memory limit is not yet one of memory', async () => {
      const outcome = await run('exit 3', limited({ memoryBytes: 32 << 20 }));
      expect([outcome.code, outcome.metLimit]).toEqual([3, undefined]);
    });

    test.each([
      ['refused', '(for i in $(seq 30); do sleep 60 & done); sleep 0.2; exit 5', 5, 'processes'],
      ['not refused', 'for i in $(seq 30); do sleep 0; done; exit 3', 3, undefined],
    ])('a failure of a step under a limit that was %s a process', async (_title, script, code, metLimit) => {
      const outcome = await run(script, limited({ pidsLimit: 20 }));
      expect([outcome.code, outcome.metLimit]).toEqual([code, metLimit]);
    });
  });

  describe('network', () => {
    test('hosts and resolv.conf are there, cannot be written, and do not stay', async () => {
      const { stdout, upper } = await run(
        'cat /etc/hosts /etc/resolv.conf; echo x 2>/dev/null >> /etc/hosts || echo ro',
        {
          network: { mode: 'host', hosts: [['db', '10.0.0.5']] },
        },
      );
      const host = readFileSync('/etc/resolv.conf', 'utf8');
      expect(stdout).toBe(
        `127.0.0.1\tlocalhost buildkitsandbox\n::1\tlocalhost ip6-localhost ip6-loopback\n10.0.0.5\tdb\n${host}ro\n`,
      );
      expect(readdirSync(join(upper, 'etc'))).toEqual([]);
    });

    test.each([
      ['default', '127.0.0.1', '127.0.0.1', false],
      ['default', '127.0.0.1', '10.0.2.2', false],
      ['default', '0.0.0.0', '127.0.0.1', false],
      ['default', '0.0.0.0', 'gate', true],
      ['host', '127.0.0.1', '127.0.0.1', true],
      ['host', '127.0.0.1', 'gate', true],
      ['none', '0.0.0.0', '127.0.0.1', false],
      ['none', '0.0.0.0', 'gate', false],
    ] as const)('%s: a server on %s of the host, called as %s: %s', async (mode, listens, called, want) => {
      const server = createServer((socket) => socket.end('hello')).listen(0, listens);
      await new Promise((resolve) => server.once('listening', resolve));
      const address = server.address();
      const port = typeof address === 'object' ? address?.port : undefined;
      const { stdout } = await run(
        `nc -w 2 ${called} ${port} 2>/dev/null || echo unreachable; ip link show lo | grep -c UP`,
        { network: { mode, hosts: [['gate', 'host-gateway']] } },
      );
      server.close();
      expect(stdout).toBe(want ? 'hello1\n' : 'unreachable\n1\n');
    });

    test('default: a way to the outside, its own loopback, no right to change either', async () => {
      const { stdout } = await run(
        'ip route | grep -c "^default via 10.0.2.2"; ip link set lo down 2>&1 | tail -1; ls /sys/class/net | wc -w',
      );
      expect(stdout).toMatch(/^1\nip: .*not permitted\n2\n$/);
    });

    test('default: steps at the same time do not meet on loopback, not on abstract sockets either', async () => {
      const script = 'nc -l -p 7777 >/dev/null & sleep 0.3; jobs | grep -c Running; kill %1';
      const outcomes = await Promise.all([run(script), run(script)]);
      expect(outcomes.map(({ stdout }) => stdout)).toEqual(['1\n', '1\n']);
    });

    test('default: a step that may change its network leaves nothing of that to the next', async () => {
      await run('ip link add strange type dummy; ip link set lo down', { security: 'insecure' });
      const { stdout } = await run('ip link | grep -c strange; ip link show lo | grep -c UP');
      expect(stdout).toBe('0\n1\n');
    });
  });

  describe('working directory', () => {
    test('made when missing, owned by the user, and it stays', async () => {
      const { stdout, upper } = await run('pwd; stat -c %u:%g:%a /w /w/x', {
        cwd: '/w/x',
        user: { uid: 7, gid: 8, groups: [8], home: '/' },
      });
      expect(stdout).toBe('/w/x\n7:8:755\n7:8:755\n');
      expect(existsSync(join(upper, 'w/x'))).toBe(true);
    });

    test('in a mount it is the business of the mount', async () => {
      const source = join(workshop.directory, 'cwd-source');
      mkdirSync(join(source, 'sub'), { recursive: true });
      const { stdout, upper } = await run('pwd', {
        cwd: '/src/sub',
        mounts: [{ type: 'bind', target: '/src', source, isReadOnly: true }],
      });
      expect(stdout).toBe('/src/sub\n');
      expect(existsSync(join(upper, 'src'))).toBe(false);
    });
  });

  describe('mounts', () => {
    test('bind: directory and file, read-only and read-write', async () => {
      const source = join(workshop.directory, 'source');
      mkdirSync(source, { recursive: true });
      writeFileSync(join(source, 'f'), 'content\n');
      const { stdout } = await run('cat /ro/f /one; echo x 2>/dev/null > /ro/g || echo ro; echo y > /rw/g', {
        mounts: [
          { type: 'bind', target: '/ro', source, isReadOnly: true },
          { type: 'bind', target: '/rw', source, isReadOnly: false },
          { type: 'bind', target: '/one', source: join(source, 'f'), isReadOnly: true },
        ],
      });
      expect(stdout).toBe('content\ncontent\nro\n');
      expect(readFileSync(join(source, 'g'), 'utf8')).toBe('y\n');
    });

    test('tmpfs: as open as /tmp or what it covers, with a size, nested ones inside it', async () => {
      const { stdout, upper } = await run(
        'stat -c %a /new /etc/sub /tmp; df /new | tail -1 | tr -s " " | cut -d" " -f2; cat /new/deep/file; echo > /new/x; mount | grep -c " /new.*nosuid"',
        {
          mounts: [
            {
              type: 'file',
              target: '/new/deep/file',
              content: Buffer.from('f\n'),
              mode: 0o400,
              uid: 0,
              gid: 0,
            },
            { type: 'tmpfs', target: '/new/', sizeBytes: 1 << 20 },
            { type: 'tmpfs', target: '/etc/sub' },
            { type: 'tmpfs', target: '/tmp' },
          ],
        },
      );
      expect(stdout.split('\n').slice(0, 5)).toEqual(['1777', '1777', '1777', '1024', 'f']);
      expect(readdirSync(upper).sort()).toEqual(['dev', 'etc', 'proc', 'sys']);
    });

    test('file: a secret with its mode and owner, an executable script', async () => {
      const { stdout } = await run('stat -c "%a %u:%g" /run/secrets/key; cat /run/secrets/key; /script', {
        mounts: [
          {
            type: 'file',
            target: '/run/secrets/key',
            content: Buffer.from('s3'),
            mode: 0o440,
            uid: 5,
            gid: 6,
          },
          {
            type: 'file',
            target: '/script',
            content: Buffer.from('#!/bin/sh\necho ran'),
            mode: 0o755,
            uid: 0,
            gid: 0,
          },
        ],
      });
      expect(stdout).toBe('440 5:6\ns3ran\n');
    });

    test('of two on one target the last one counts', async () => {
      const file = (text: string) =>
        ({ type: 'file', target: '/f', content: Buffer.from(text), mode: 0o444, uid: 0, gid: 0 }) as const;
      expect(
        (
          await run('cat /f /etc/hosts', {
            mounts: [file('a'), file('b'), { ...file('mine'), target: '/etc/hosts' }],
          })
        ).stdout,
      ).toBe('bmine');
    });

    test('one on /etc, even read-only, hides the files of the network', async () => {
      const source = join(workshop.directory, 'etc-source');
      mkdirSync(source);
      writeFileSync(join(source, 'own'), '');
      const etc = { type: 'bind', target: '/etc', source, isReadOnly: true } as const;
      expect((await run('ls /etc', { mounts: [etc] })).stdout).toBe('own\n');
    });
  });

  describe('output', () => {
    test('many MB on both streams, with a taker slower than the step', async () => {
      let out = 0;
      let err = 0;
      const { code } = await run('head -c 20000000 /dev/zero; head -c 5000000 /dev/zero >&2', {
        onStdout: async (chunk) => {
          out += chunk.length;
          if (out % 7 === 0) await delay(1);
        },
        onStderr: (chunk) => {
          err += chunk.length;
        },
      });
      expect([code, out, err]).toEqual([0, 20_000_000, 5_000_000]);
    });
  });

  describe('what is left', () => {
    test('a step that changes nothing leaves nothing but a directory as it was', async () => {
      const { upper } = await run('true', { cwd: '/tmp' });
      const base = workshop.snapshots.path(workshop.base);
      expect(readdirSync(upper, { recursive: true }).sort()).toEqual(['dev', 'etc', 'proc', 'sys']);
      for (const name of ['', 'etc']) {
        const { mode, uid, gid, mtime } = statFile(join(base, name)) ?? {};
        expect(statFile(join(upper, name))).toMatchObject({ mode, uid, gid, mtime });
      }
    });

    test('where the image has all mount points, nothing at all', async () => {
      const active = workshop.snapshots.prepare([workshop.base]);
      for (const name of ['proc', 'dev', 'sys', 'etc']) mkdirSync(join(active.upper, name));
      for (const name of ['hosts', 'resolv.conf']) writeFileSync(join(active.upper, 'etc', name), 'own');
      await workshop.snapshots.commit(active, `all${runtime}`);
      const { stdout, upper } = await runIn(workshop, 'cat /etc/hosts | wc -l', {}, [`all${runtime}`]);
      expect(stdout).toBe('2\n');
      expect(readdirSync(upper)).toEqual([]);
    });

    test('a created working directory is not a mount point', async () => {
      const { upper } = await run('true', {
        cwd: '/w',
        mounts: [{ type: 'tmpfs', target: '/w/cache' }],
      });
      expect(readdirSync(upper, { recursive: true }).sort()).toEqual(['dev', 'etc', 'proc', 'sys', 'w']);
    });

    test('processes in the background end with the step', async () => {
      const { code } = await run('(trap "" TERM HUP; sleep 100) & sleep 200 & echo started');
      expect(code).toBe(0);
    });

    test('no state, no bundle, no cgroup', async () => {
      await run('true');
      const names = readdirSync(workshop.sandbox.directory).filter((name) => !name.startsWith('network-'));
      expect(names.sort()).toEqual(['proc', runtime, 'runtime'].sort());
      expect(readdirSync(join(workshop.sandbox.directory, 'runtime'))).toEqual([]);
      expect(cgroupsOf(workshop)).toEqual([]);
    });
  });

  describe('canceled', () => {
    test.each([
      ['a step that heeds SIGTERM', 'trap "echo over; exit 0" TERM; echo up; while :; do sleep 0.05; done'],
      ['a step that does not', 'trap "echo over" TERM; echo up; while :; do sleep 0.05; done'],
    ])('%s', async (_title, script) => {
      const controller = new AbortController();
      let said = '';
      const running = run(script, {
        signal: controller.signal,
        onStdout: (chunk) => {
          said += Buffer.from(chunk).toString();
          controller.abort();
        },
      });
      await expect(running).rejects.toMatchObject({ name: 'CanceledError' });
      expect(said).toBe('up\nover\n');
      expect(readdirSync(join(workshop.sandbox.directory, 'runtime'))).toEqual([]);
      expect(cgroupsOf(workshop)).toEqual([]);
    });

    test('before it began', async () => {
      await expect(run('true', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'canceled' });
    });
  });

  test('steps run at the same time', async () => {
    const scripts = Array.from({ length: 6 }, (_, index) => `sleep 0.2; echo ${index} > /f; cat /f`);
    const outcomes = await Promise.all(scripts.map((script) => run(script)));
    expect(outcomes.map(({ stdout }) => stdout.trim())).toEqual(['0', '1', '2', '3', '4', '5']);
  });
});

/** Cgroups of this workshop's containers, in any hierarchy. */
function cgroupsOf(workshop: Workshop): string[] {
  const prefix = workshop.sandbox.newContainerID().replace(/\d+$/, '');
  const cgroups = '/sys/fs/cgroup';
  return [cgroups, ...readdirSync(cgroups).map((name) => join(cgroups, name))]
    .filter((directory) => existsSync(join(directory, 'cgroup.procs')))
    .flatMap((directory) => readdirSync(directory))
    .filter((name) => name.startsWith(prefix));
}
