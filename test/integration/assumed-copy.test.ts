import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { sandboxNeeds } from '../support/capabilities.ts';
import { describeBuilds } from '../support/site.ts';

describeBuilds(sandboxNeeds, 'a copy from a stage whose results are gone', (site) => {
  const dockerfile = [
    'FROM strata-base/busybox AS build',
    'RUN cat /proc/sys/kernel/random/uuid > /id',
    'RUN cp /id /out',
    'FROM strata-base/busybox AS final',
    'COPY --from=build /out /app',
    'RUN cp /app /run-of-app',
    '',
  ].join('\n');
  const context = site.path('app');
  beforeAll(() => site.makeBusyboxBase());

  interface Step {
    readonly label: string;
    readonly result: string;
    readonly key: string;
  }
  const build = async (...args: string[]): Promise<readonly Step[]> => {
    const file = site.path('metadata.json');
    await site.strataOk(['build', '--metadata-file', file, ...args, context]);
    return (JSON.parse(readFileSync(file, 'utf8')) as { 'strata.steps': Step[] })['strata.steps'];
  };
  const ran = (steps: readonly Step[]): string[] =>
    steps.filter(({ result }) => result === 'run').map(({ label }) => label.replace(/ .*/, ''));
  const forget = (steps: readonly Step[]): void => {
    for (const { key } of steps)
      rmSync(join(site.root, 'steps', `${key.replace('sha256:', '')}.json`), { force: true });
  };
  const files = async (target: string, ...names: string[]): Promise<string[]> => {
    const dest = site.path('files');
    rmSync(dest, { recursive: true, force: true });
    await site.strataOk(['build', '--target', target, '-o', dest, context]);
    return names.map((name) => readFileSync(join(dest, name), 'utf8'));
  };

  test('is answered without running the stage', async () => {
    site.files('app', { Dockerfile: dockerfile });
    const first = await build();
    expect(ran(first)).toHaveLength(4);
    forget(first.slice(0, 2));
    expect(ran(await build())).toEqual([]);
  });

  test('runs the stage when nothing that stands on the copy is recorded, and takes what it came to now', async () => {
    const before = await build();
    const [old] = await files('final', 'app');
    forget(before);
    const after = await build();
    expect(ran(after)).toHaveLength(4);
    const [app, runOfApp] = await files('final', 'app', 'run-of-app');
    const [out] = await files('build', 'out');
    expect([app, runOfApp]).toEqual([out, out]);
    expect(app).not.toBe(old);
    expect(after.map(({ key }) => key)).not.toEqual(before.map(({ key }) => key));
  });

  test('runs the stage when it was told to, and hits when the files are the same', async () => {
    site.files('app', { Dockerfile: dockerfile.replace('cat /proc/sys/kernel/random/uuid', 'echo same') });
    const first = await build();
    const again = await build('--no-cache-filter', 'build');
    expect(ran(again)).toEqual(['[build', '[build']);
    forget(first.slice(0, 2));
    expect(ran(await build('--no-cache-filter', 'build'))).toEqual(['[build', '[build']);
  });

  test('runs a stage of another definition, whatever was remembered', async () => {
    const other = dockerfile.replace('cat /proc/sys/kernel/random/uuid', 'echo  same');
    site.files('app', { Dockerfile: other });
    expect(ran(await build())).toEqual(['[build', '[build']);
  });
});
