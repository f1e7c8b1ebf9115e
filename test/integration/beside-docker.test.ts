/** A step asks from within what it can do and reach; Docker's answers on the same machine stand beside ours. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectDir } from '../structure/imports.ts';
import { debianRootfs } from '../support/bases.ts';
import { sandboxNeeds } from '../support/capabilities.ts';
import { type DockerEngine, startDockerd } from '../support/dockerd.ts';
import { describeBuilds } from '../support/site.ts';

const compile = `FROM debian-gcc AS compile
COPY probe.c /
RUN gcc -static -O1 -o /probe /probe.c
FROM scratch
COPY --from=compile /probe /
`;
const ask = `FROM strata-base/busybox AS asked
COPY probe /
RUN mkdir /answers
RUN /probe > /answers/calls
RUN cp /proc/self/mounts /answers/mounts
RUN grep -E '^(Cap|Seccomp:|NoNewPrivs|Groups)' /proc/self/status > /answers/status
RUN find /dev -type c -o -type b | sort > /answers/devices
RUN (cat /proc/self/oom_score_adj; ls /proc/self/fd | wc -l; umask; id) > /answers/process
RUN for f in /proc/kcore /proc/keys /proc/timer_list /proc/sysrq-trigger /proc/sys/kernel/panic \\
  /sys/kernel/uevent_helper /sys/fs/cgroup; do \\
  head -c 1 $f > /tmp/byte 2> /dev/null; echo $f $(wc -c < /tmp/byte) $(test -w $f && echo x > $f 2> /dev/null; echo $?); \\
  done > /answers/files
FROM scratch
COPY --from=asked /answers /
`;

describeBuilds([...sandboxNeeds, 'dockerd', 'mmdebstrap'], 'a step of strata and one of Docker', (site) => {
  const ours = site.path('ours');
  const theirs = site.path('theirs');
  let engine: DockerEngine;

  beforeAll(async () => {
    engine = await startDockerd(site.path('docker'));
    await site.makeBusyboxBase();
    await site.makeBase('debian-gcc', await debianRootfs(['gcc', 'libc6-dev', 'make']));
    const source = readFileSync(join(projectDir, 'fixtures/programs/probe/probe.c'), 'utf8');
    const context = site.files('ask', { Dockerfile: ask, '.dockerignore': 'compile' });
    const compiler = site.files('compile', { Dockerfile: compile, 'probe.c': source });
    await site.strataOk(['build', '--output', context, compiler]);

    const tar = site.path('base.docker.tar');
    const base = site.files('base', { Dockerfile: 'FROM strata-base/busybox\n' });
    await site.strataOk(['build', '-t', 'strata-base/busybox', '--output', `type=docker,dest=${tar}`, base]);
    expect(await engine.docker(['load', '--input', tar])).toMatchObject({ code: 0 });
    const env = { DOCKER_BUILDKIT: '1' };
    const built = await engine.docker(['build', '--network', 'none', '--output', theirs, context], { env });
    expect(built, built.stderr).toMatchObject({ code: 0 });
    await site.strataOk(['build', '--network', 'none', '--output', ours, context]);
  });
  afterAll(() => engine?.stop());

  const linesOf = (dir: string, name: string): string[] =>
    readFileSync(join(dir, name), 'utf8').trim().split('\n');

  // Docker 20.10's builder leaves a step's own group out of its groups, where newer ones have it (CVE-2022-36109).
  const withoutOwnGroup = (line: string) =>
    line.replace(/^(Groups:\t)0 $/, '$1 ').replace(' groups=0(root)', '');

  test.each(['status', 'process', 'devices', 'files'])('have the same %s', (name) => {
    const mine = linesOf(ours, name);
    expect(mine.map(withoutOwnGroup)).toEqual(linesOf(theirs, name));
    expect(mine.length).toBeGreaterThan(1);
  });

  /** Numbers of x86-64. Docker 20.10 knows the profile of its day. */
  const refusedSince = { io_uring_setup: 425, io_uring_enter: 426, io_uring_register: 427 };
  const allowedSince = {
    ...{ name_to_handle_at: 303, process_vm_readv: 310, process_vm_writev: 311 },
    ...{ pkey_mprotect: 329, pkey_alloc: 330, pkey_free: 331, cachestat: 451, fchmodat2: 452 },
    ...{ futex_wake: 454, futex_wait: 455, futex_requeue: 456 },
  };

  test('may make the same system calls, but for what Docker changed since', () => {
    const open = (dir: string) =>
      new Set(
        linesOf(dir, 'calls')
          .filter((line) => line.endsWith(' open'))
          .map((line) => Number(line.split(' ')[0])),
      );
    const [mine, others] = [open(ours), open(theirs)];
    expect(mine.size).toBeGreaterThan(200);
    expect([...others].filter((number) => !mine.has(number))).toEqual(Object.values(refusedSince));
    expect([...mine].filter((number) => !others.has(number))).toEqual(Object.values(allowedSince));
  });

  test('have the same places mounted, two of them less open', () => {
    const places = (dir: string) =>
      Object.fromEntries(
        linesOf(dir, 'mounts').map((line) => {
          const [, place = '', type, options = ''] = line.split(' ');
          const kept = options.split(',').filter((option) => /^(?:ro|rw|nosuid|nodev|noexec)$/.test(option));
          // Where files come from that are made for the step is each builder's own business.
          return [place, `${place.startsWith('/etc/') ? 'bind' : type} ${kept.join(' ')}`];
        }),
      );
    const { '/proc/interrupts': interrupts, ...mine } = places(ours);
    expect(interrupts).toBe('tmpfs rw nosuid');
    expect(mine).toEqual({ ...places(theirs), '/sys/fs/cgroup': 'tmpfs ro nosuid nodev noexec' });
  });
});
