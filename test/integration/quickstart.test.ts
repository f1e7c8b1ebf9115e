import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { projectDir } from '../structure/imports.ts';
import { sandboxNeeds } from '../support/capabilities.ts';
import { run, runOk } from '../support/process.ts';
import { umociUnpack } from '../support/referees.ts';
import { describeBuilds } from '../support/site.ts';

describeBuilds([...sandboxNeeds, 'skopeo', 'umoci'], 'bin/quickstart', (site) => {
  // It writes to the directory of the project, which is what it promises.
  const tar = join(projectDir, 'hello.oci.tar');
  const quickstart = () => run(join(projectDir, 'bin/quickstart'), [], { env: site.environment });
  let printed: string;
  beforeAll(async () => {
    const { code, stdout } = await quickstart();
    expect(code).toBe(0);
    printed = stdout;
  });

  test('builds an image that greets', async () => {
    const rootfs = await umociUnpack(tar, site.path('hello'));
    const greeting = await runOk('chroot', ['--userspec=1000:1000', rootfs, '/usr/bin/greet', 'tester'], {
      env: { GREETING: 'Hello from the bedrock' },
    });
    expect(greeting.split('\n')).toEqual([
      ...['""""""""""""""""""""""""""""""""""  topsoil', '----------------------------------  clay'],
      ...['----------------------------------', '..................................  sandstone'],
      ...['..................................', '##################################  coal'],
      ...['==================================  limestone', '=================================='],
      ...['==================================', '++++++++++++++++++++++++++++++++++  granite'],
      ...['++++++++++++++++++++++++++++++++++', '', 'Hello from the bedrock, tester!', ''],
    ]);
  });

  test('says what is in it, and the same the second time, with nothing left to do', async () => {
    const { stdout: again, stderr: log } = await quickstart();
    const sums = log.match(/^build .*$/gm) ?? [];
    expect(sums.map((sum) => sum.replace(/in .*/, ''))).toEqual([
      'build 3: 1 step cached ',
      'build 4: 6 steps cached ',
    ]);
    const report = (text: string): string =>
      text.slice(text.indexOf('==> what is in it')).replaceAll(/\(run in .*?\)/g, '(cached)');
    expect(report(printed)).toContain('/usr/bin/greet');
    expect(report(again)).toBe(report(printed));
  });
});
