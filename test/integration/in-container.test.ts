/** strata in a container of Docker that is not privileged: the flags that docs/ROOTLESS.md names, and each left out. */
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectDir } from '../structure/imports.ts';
import { busyboxRootfs } from '../support/bases.ts';
import { sandboxNeeds } from '../support/capabilities.ts';
import { type DockerEngine, startDockerd } from '../support/dockerd.ts';
import { type Outcome, runOk } from '../support/process.ts';
import { describeBuilds } from '../support/site.ts';

const seccomp = ['--security-opt', 'seccomp=unconfined', '--security-opt', 'apparmor=unconfined'];
const systemPaths = ['--security-opt', 'systempaths=unconfined'];
const volume = ['--volume', '/var/lib/strata'];
const tunnels = ['--device', '/dev/net/tun'];

describeBuilds([...sandboxNeeds, 'dockerd'], 'strata in a container of Docker', (site) => {
  let engine: DockerEngine;
  /** Runs strata there, with the programs of this machine. */
  const inContainer = (flags: readonly string[], args: readonly string[]): Promise<Outcome> => {
    const shown = ['/usr:/usr', `${projectDir}:/strata`, `${site.path('app')}:/app`];
    const mounts = shown.flatMap((each) => ['--volume', `${each}:ro`]);
    const run = ['run', '--rm', '--network', 'none', ...mounts, ...flags];
    return engine.docker([...run, 'machine', '/strata/bin/strata', ...args]);
  };

  beforeAll(async () => {
    engine = await startDockerd(site.path('docker'));
    const image = site.files('machine', {
      'usr/': '',
      'etc/passwd': 'root:x:0:0::/root:/bin/sh\n',
      'tmp/': '',
    });
    for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(image, name));
    await runOk('tar', ['-C', image, '-cf', site.path('machine.tar'), '.']);
    await engine.docker(['import', site.path('machine.tar'), 'machine']);

    const app = site.path('app');
    mkdirSync(app);
    await busyboxRootfs(app);
    copyFileSync(join(projectDir, 'fixtures/busybox-base/Dockerfile'), join(app, 'Dockerfile'));
    const run = 'RUN chown 33:65000 /etc && stat -c "etc of %u:%g" /etc && ip -o addr show\n';
    writeFileSync(join(app, 'Dockerfile'), run, { flag: 'a' });
  });
  afterAll(() => engine?.stop());

  test('builds, with a network of its own for steps, and its doctor has nothing to mend', async () => {
    const flags = [...seccomp, ...systemPaths, ...volume, ...tunnels];
    const { code, stderr } = await inContainer(flags, ['build', '--progress', 'plain', '/app']);
    expect([code, stderr]).toEqual([0, expect.stringContaining('etc of 33:65000\n')]);
    expect(stderr).toContain('inet 10.0.2.100/24');
    const doctor = await inContainer(flags, ['doctor']);
    expect(doctor.stdout).toContain('ok    step: runs in a container of its own\n');
    expect(doctor.stdout).toMatch(/^ok {4}user: root of a container /);
    expect(doctor.stdout).not.toMatch(/^fail/m);
  });

  test('keeps its store in memory too', async () => {
    const flags = [...seccomp, ...systemPaths, '--tmpfs', '/var/lib/strata:exec'];
    expect(await inContainer(flags, ['build', '--progress', 'plain', '/app'])).toMatchObject({ code: 0 });
  });

  test.each([
    ['the seccomp profile', [...systemPaths, ...volume], '[no-user-namespace]', 'docs/ROOTLESS.md'],
    ['the masked paths', [...seccomp, ...volume], '[no-cage]', 'docs/ROOTLESS.md'],
    ['the overlay of Docker', [...seccomp, ...systemPaths], '[mount-failed]', 'a volume or a tmpfs'],
  ])('says so when %s is in the way, and copies nothing instead', async (_what, flags, error, hint) => {
    const { code, stderr } = await inContainer(flags, ['build', '--progress', 'plain', '/app']);
    expect(code).toBe(1);
    expect(stderr).toContain(error);
    expect(stderr).toContain(hint);
    // The line of the error, and no more of what mount(8) says.
    expect(stderr).not.toContain('system call');
  });
});
