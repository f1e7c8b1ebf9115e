/** What the kernel is asked about a large context that was built before: what its files are, not what they hold. */
import { lstatSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { projectDir } from '../structure/imports.ts';
import { runOk } from '../support/process.ts';
import { describeBuilds } from '../support/site.ts';

describeBuilds(['root', 'overlay', 'strace'], 'a context of 2,000 files', (site) => {
  const context = site.path('app');
  const trace = site.path('trace');

  /** Builds, which must be all hits if `isHit`, and tells which files of the context were opened. */
  const opened = async (isHit: boolean): Promise<string[]> => {
    const follow = ['-f', '-y', '-qq', '-e', 'trace=open,openat,openat2', '-e', 'signal=none', '-o', trace];
    const flags = isHit ? ['--fail-on-miss'] : [];
    const build = [join(projectDir, 'bin/strata'), 'build', '-q', ...flags, context];
    await runOk('strace', [...follow, ...build], { env: site.environment });
    return readFileSync(trace, 'utf8')
      .split('\n')
      .flatMap((line) => / = \d+<(.*)>$/.exec(line)?.[1] ?? [])
      .filter((path) => path.startsWith(`${context}/src/`) && lstatSync(path).isFile())
      .map((path) => path.slice(context.length + 1));
  };
  /** Longer than what changes in a build can hide from the next one. */
  const settle = () => sleep(3100);

  beforeAll(async () => {
    site.files('app', { Dockerfile: 'FROM scratch\nCOPY src /src\n' });
    for (let directory = 0; directory < 20; directory++) {
      mkdirSync(join(context, `src/${directory}`), { recursive: true });
      for (let file = 0; file < 100; file++) {
        writeFileSync(join(context, `src/${directory}/${file}`), `${directory} ${file}`);
      }
    }
    await settle();
    expect(new Set(await opened(false)).size).toBe(2_000);
  });

  test('that did not change is not opened', async () => {
    expect(await opened(true)).toEqual([]);
  });

  test('is not opened for a file that was only touched, but for that file', async () => {
    const path = join(context, 'src/7/7');
    utimesSync(path, 1, 1);
    await settle();
    expect(await opened(true)).toEqual(['src/7/7']);
    expect(await opened(true)).toEqual([]);
  });

  test('has no file that changes unseen: same size, same time', async () => {
    const path = join(context, 'src/8/8');
    const { mtime } = lstatSync(path);
    const edit = (text: string) => {
      writeFileSync(path, text);
      utimesSync(path, mtime, mtime);
    };
    edit('9 8');
    expect(await opened(false)).toContain('src/8/8');
    // So soon after a change another one could hide in the same tick: it is read again.
    edit('8 8');
    expect(await opened(true)).toEqual(['src/8/8']);
    await settle();
    expect(await opened(true)).toEqual(['src/8/8']);
    expect(await opened(true)).toEqual([]);
  });
});
