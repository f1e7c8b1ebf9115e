/** Every reason there can be for a step that takes files to run, in the words that a person reads. */
import { chmodSync, cpSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { misses } from '../support/misses.ts';
import { describeBuilds } from '../support/site.ts';

describeBuilds(['root', 'overlay'], 'why a step that takes files ran', (site) => {
  const original = site.path('original');
  const context = site.path('app');
  const dockerfile = [
    'FROM scratch AS parts',
    'COPY --chown=1:1 tool lib /',
    'FROM scratch',
    'WORKDIR /app',
    'COPY src src',
    'COPY --from=parts /tool /bin/',
    '',
  ].join('\n');
  const copySrc = 'COPY src src';
  const copyTool = 'COPY --from=parts /tool /bin/';

  /** Builds what was built before, makes the change, and builds once more. */
  const after = async (change: () => void, ...args: string[]): Promise<Record<string, string[]>> => {
    rmSync(context, { recursive: true, force: true });
    cpSync(original, context, { recursive: true, verbatimSymlinks: true });
    await site.strataOk(['build', '-q', context]);
    change();
    return misses(site, [...args, context]);
  };
  const write = (path: string, text: string): void => writeFileSync(join(context, path), text);

  beforeAll(() => {
    site.files('original', {
      Dockerfile: dockerfile,
      tool: 'tool',
      'lib/a': 'a',
      'src/main.c': 'int main;',
      'src/help/long name': 'help',
    });
    symlinkSync('main.c', join(original, 'src/link'));
  });

  test('the first time', async () => {
    expect(await misses(site, [original])).toEqual({
      'COPY --chown=1:1 tool lib /': ['never built before'],
      'WORKDIR /app': ['never built before'],
      [copySrc]: ['never built before'],
      [copyTool]: ['never built before'],
    });
  });

  test('nothing', async () => {
    const { stderr } = await site.strata(['build', '--progress', 'quiet', '--explain', original]);
    expect(stderr).toBe(
      [
        'hit   [parts 1/1] COPY --chown=1:1 tool lib /',
        '        in this store',
        'hit   [stage-1 1/3] WORKDIR /app',
        '        in this store',
        'hit   [stage-1 2/3] COPY src src',
        '        in this store',
        'hit   [stage-1 3/3] COPY --from=parts /tool /bin/',
        '        in this store',
        '',
      ].join('\n'),
    );
  });

  const changes: [string, () => void, string][] = [
    [
      'content of another size',
      () => write('src/main.c', 'int main();'),
      'src/main.c changed: content (9 → 11 bytes)',
    ],
    [
      'content of the same size',
      () => write('src/main.c', 'int moin;'),
      'src/main.c changed: content (still 9 bytes)',
    ],
    ['a mode', () => chmodSync(join(context, 'src/main.c'), 0o664), 'src/main.c changed: mode 0644 → 0664'],
    ['a file that was added', () => write('src/new.c', '?'), 'src/new.c is new (1 byte)'],
    [
      'a file that was removed',
      () => rmSync(join(context, 'src/help/long name')),
      'src/help/long name is gone or ignored (4 bytes)',
    ],
    [
      'a file that is ignored now',
      () => write('.dockerignore', 'src/main.c\n'),
      'src/main.c is gone or ignored (9 bytes)',
    ],
    [
      'a link',
      () => {
        rmSync(join(context, 'src/link'));
        symlinkSync('help', join(context, 'src/link'));
      },
      'src/link changed: link target main.c → help',
    ],
    [
      'a type',
      () => {
        rmSync(join(context, 'src/main.c'));
        symlinkSync('x', join(context, 'src/main.c'));
      },
      'src/main.c changed: type file → symlink, mode 0644 → 0777',
    ],
    [
      'many files',
      () => {
        for (const name of ['a', 'b', 'c', 'd', 'e']) write(`src/${name}`, name);
      },
      'src/a is new (1 byte); src/b is new (1 byte); src/c is new (1 byte); and 2 more',
    ],
  ];
  test.each(changes)('%s', async (_, change, want) => {
    expect(await after(change)).toEqual({
      [copySrc]: [want],
      [copyTool]: ['stands on [stage-1 2/3] COPY src src, which ran'],
    });
  });

  test('files of another stage', async () => {
    expect(await after(() => write('tool', 'better tool'))).toEqual({
      'COPY --chown=1:1 tool lib /': ['tool changed: content (4 → 11 bytes)'],
      [copyTool]: ['of parts: /tool changed: content (4 → 11 bytes)'],
    });
    const owned = () => write('Dockerfile', dockerfile.replace('1:1', '2:1'));
    expect(await after(owned)).toEqual({
      'COPY --chown=2:1 tool lib /': ['--chown changed from "1:1" to "2:1"'],
      [copyTool]: ['of parts: /tool changed: owner 1:1 → 2:1'],
    });
  });

  const texts: [string, (text: string) => string, Record<string, string[]>][] = [
    [
      'another destination',
      (text) => text.replace('/bin/', '/sbin/'),
      { 'COPY --from=parts /tool /sbin/': ['destination changed from "/bin/" to "/sbin/"'] },
    ],
    [
      'other sources',
      (text) => text.replace('COPY src src', 'COPY lib src'),
      {
        'COPY lib src': ['sources changed from "src" to "lib"'],
        [copyTool]: ['stands on [stage-1 2/3] COPY lib src, which ran'],
      },
    ],
    [
      '--link',
      (text) => text.replace('COPY src src', 'COPY --link src src'),
      {
        'COPY --link src src': [
          'stands on [stage-1 1/3] WORKDIR /app, which is not what it was',
          '--link is new: "true"',
        ],
        [copyTool]: ['stands on [stage-1 2/3] COPY --link src src, which ran'],
      },
    ],
    [
      'another directory',
      (text) => text.replace('WORKDIR /app', 'WORKDIR /application'),
      {
        'WORKDIR /application': ['directory changed from "/app" to "/application"'],
        [copySrc]: [
          'stands on [stage-1 1/3] WORKDIR /application, which ran',
          'destination changed from "/app/src" to "/application/src"',
        ],
        [copyTool]: ['stands on [stage-1 1/3] WORKDIR /application, which ran'],
      },
    ],
    [
      'a step that was not there',
      (text) => text.replace('COPY src', 'COPY lib lib\nCOPY src'),
      {
        'COPY lib lib': ['never built before'],
        [copySrc]: ['stands on [stage-1 2/4] COPY lib lib, which ran'],
        [copyTool]: ['stands on [stage-1 2/4] COPY lib lib, which ran'],
      },
    ],
    [
      'a step that is not there any more',
      (text) => text.replace('COPY src src\n', ''),
      { [copyTool]: ['stands on [stage-1 1/2] WORKDIR /app, which is not what it was'] },
    ],
  ];
  test.each(texts)('%s', async (_, edit, want) => {
    expect(await after(() => write('Dockerfile', edit(dockerfile)))).toEqual(want);
  });

  test('--no-cache', async () => {
    const all = ['COPY --chown=1:1 tool lib /', 'WORKDIR /app', copySrc, copyTool];
    const given = Object.fromEntries(all.map((step) => [step, ['--no-cache was given']]));
    expect(await after(() => {}, '--no-cache')).toEqual(given);
    expect(await after(() => {}, '--no-cache-filter', 'parts')).toEqual({
      'COPY --chown=1:1 tool lib /': ['--no-cache-filter was given'],
    });
  });

  test('another platform', async () => {
    // The platform is no part of these keys: without a base or an ARG that names it the layers are the same.
    expect(await after(() => {}, '--platform', 'linux/arm64')).toEqual({});
    const named = 'FROM scratch\nARG TARGETARCH\nWORKDIR /app/$TARGETARCH\nCOPY src src\n';
    await after(() => write('Dockerfile', named));
    const never = ['built before for linux/amd64, never for linux/arm64'];
    expect(await misses(site, ['--platform', 'linux/arm64', context])).toEqual({
      'WORKDIR /app/arm64': never,
      [copySrc]: never,
    });
  });

  test('a mode that --chmod replaces is no reason, and neither is --chmod for the files', async () => {
    const flagged = dockerfile.replace('COPY src', 'COPY --chmod=755 src');
    await after(() => write('Dockerfile', flagged));
    expect(await misses(site, [context])).toEqual({});
    chmodSync(join(context, 'src/main.c'), 0o664);
    expect(await misses(site, [context])).toEqual({});
    write('Dockerfile', flagged.replace('755', 'a+x'));
    expect(await misses(site, [context])).toMatchObject({
      'COPY --chmod=a+x src src': ['--chmod changed from "755" to "a+x"'],
    });
  });

  test('a result that was pruned', async () => {
    const pruned = ['built before, but the result was pruned or lost'];
    const prune = async () => void (await site.strataOk(['prune', '--all', '--kind', 'step,blob']));
    await after(() => {});
    await prune();
    expect((await misses(site, [context]))['WORKDIR /app']).toEqual(pruned);
  });

  test('a result that is not in the store any more', async () => {
    const lose = () => {
      for (const name of ['snapshots', 'layers', 'images/blobs/sha256']) {
        for (const each of readdirSync(join(site.root, name))) {
          rmSync(join(site.root, name, each), { recursive: true });
        }
      }
    };
    const lost = ['built before, but the result was pruned or lost'];
    const all = { 'COPY --chown=1:1 tool lib /': lost, 'WORKDIR /app': lost, [copySrc]: lost };
    expect(await after(lose)).toEqual({
      ...all,
      [copySrc]: ['stands on [stage-1 1/3] WORKDIR /app, which ran'],
      [copyTool]: ['stands on [stage-1 1/3] WORKDIR /app, which ran'],
    });
    const forget = () => {
      for (const name of readdirSync(join(site.root, 'steps'))) rmSync(join(site.root, 'steps', name));
    };
    expect(await after(forget)).toEqual({ ...all, [copyTool]: lost });
    const forgetAndChange = () => {
      forget();
      write('tool', 'other tool');
    };
    const forgotten = ['built before from other inputs, whose record was pruned'];
    expect(await after(forgetAndChange)).toEqual({
      'COPY --chown=1:1 tool lib /': forgotten,
      'WORKDIR /app': lost,
      [copySrc]: lost,
      [copyTool]: forgotten,
    });
  });

  test('a clone elsewhere, by the name of the image', async () => {
    await site.strataOk(['build', '-q', '-t', 'cloned:1', original]);
    const clone = site.path('clone');
    cpSync(original, clone, { recursive: true, verbatimSymlinks: true });
    writeFileSync(join(clone, 'src/main.c'), 'changed');
    writeFileSync(join(clone, 'Dockerfile'), `# moved\n${dockerfile}`);
    expect(await misses(site, ['-t', 'cloned:2', clone])).toEqual({
      [copySrc]: ['src/main.c changed: content (9 → 7 bytes)'],
      [copyTool]: ['stands on [stage-1 2/3] COPY src src, which ran'],
    });
  });

  test('the build before the last that is nearer', async () => {
    const build = (...args: string[]) => misses(site, [...args, context]);
    await after(() => write('Dockerfile', 'FROM scratch\nARG V\nWORKDIR /$V\nCOPY src /src\n'));
    await build('--build-arg', 'V=1');
    await build('--build-arg', 'V=2');
    write('src/main.c', 'new');
    expect(await build('--build-arg', 'V=1')).toEqual({
      'COPY src /src': ['src/main.c changed: content (9 → 3 bytes)'],
    });
  });

  test('is said again by strata explain, and to programs', async () => {
    await after(() => write('src/main.c', 'main'));
    const told = (await site.strataOk(['explain'])).split('\n').slice(4, 6);
    expect(told).toEqual([
      'miss  [stage-1 2/3] COPY src src',
      '        src/main.c changed: content (9 → 4 bytes)',
    ]);
    const json = JSON.parse(await site.strataOk(['explain', '--json'])) as {
      steps: { label: string; result: string; causes?: object[] }[];
    };
    expect(json.steps.map(({ label, result, causes }) => [label, result, causes])[2]).toMatchObject([
      '[stage-1 2/3] COPY src src',
      'run',
      [
        {
          text: 'src/main.c changed: content (9 → 4 bytes)',
          kind: 'files',
          changes: [{ path: 'src/main.c', change: 'changed', sizeBefore: 9, size: 4 }],
        },
      ],
    ]);
    expect((await site.strata(['explain', '4711'])).stderr).toMatch(
      /^error: there is no record of build 4711 \[no-such-build\]\n {2}help: the builds on record are 1 to \d+\n$/,
    );
  });

  test('fails the build when misses are forbidden, and says the same', async () => {
    await after(() => write('src/main.c', 'forbidden'));
    expect((await site.strata(['build', '-q', '--fail-on-miss', context])).code).toBe(0);
    write('src/main.c', 'again');
    const { code, stderr } = await site.strata(['build', '-q', '--fail-on-miss', context]);
    expect(code).toBe(1);
    expect(stderr).toContain('        src/main.c changed: content (9 → 5 bytes)\n');
    expect(stderr).toContain(
      'error: not answered from the cache: [stage-1 2/3] COPY src src and 1 more [cache-miss]',
    );
  });
});
