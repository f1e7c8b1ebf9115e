/** Which flags change the key of a step, and why: all of them, so that a new one cannot be forgotten. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { instructionFlags } from '../../src/dockerfile/parse/flags.ts';
import { mountOptionNames } from '../../src/dockerfile/parse/mount-options.ts';
import { buildCommand, keysOf } from './keys-of.ts';

let directory: string;
const path = (name: string): string => join(directory, name);
const write = (name: string, text: string): void => {
  mkdirSync(join(path(name), '..'), { recursive: true });
  writeFileSync(path(name), text);
};

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'strata-keys-'));
  for (const context of ['app', 'other']) {
    write(`${context}/a`, 'a');
    write(`${context}/lib/b`, 'b');
    write(`${context}/lib/c.md`, 'c');
    write(`${context}/archive.tar`, 'not really');
  }
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Steps, by what they are called in the tables, whose keys differ between two command lines. */
async function changed(one: readonly string[], other: readonly string[]): Promise<string[]> {
  const [before, after] = [await keysOf(path('store'), one), await keysOf(path('store'), other)];
  const place = (keys: ReadonlyMap<string, string>) =>
    [...keys].map(([label, key]) => [label.split(' ')[0], key]);
  const [old, now] = [place(before), place(after)];
  expect(now.map(([keyword]) => keyword)).toEqual(old.map(([keyword]) => keyword));
  return now.flatMap(([keyword], index) => (now[index]?.[1] === old[index]?.[1] ? [] : [keyword ?? '']));
}

describe('flags of strata build', () => {
  const dockerfile = [
    'FROM scratch AS only',
    'WORKDIR /app',
    'COPY a /a',
    'ARG V=1',
    'RUN --mount=type=secret,id=token --mount=type=ssh true',
    '',
  ].join('\n');
  beforeAll(() => {
    write('app/Dockerfile', dockerfile);
    write('elsewhere.Dockerfile', `# moved\n${dockerfile}`);
  });

  /** Flag, a value, the steps whose keys it changes, and why; no value for flags that build nothing themselves. */
  type Row = readonly [flag: string, value: string | undefined, steps: readonly string[], why: string];
  const notInTheResult = 'how it is shown, not what it is';
  const rows: readonly Row[] = [
    ['--add-host', 'db:10.0.0.1', ['RUN'], 'the name is in /etc/hosts'],
    ['--allow', 'network.host', [], 'allows what the Dockerfile asks for; that is in the key'],
    ['--annotation', 'a=b', [], 'of the manifest'],
    ['--attest', 'type=sbom,disabled=true', [], 'beside the image'],
    ['--build-arg', 'V=2', ['RUN'], 'a RUN sees every ARG'],
    ['--build-arg', 'UNDECLARED=1', [], 'no ARG takes it'],
    ['--build-arg', 'HTTP_PROXY=http://127.0.0.1:1', [], 'a proxy is how, not what'],
    ['--build-arg', 'no_proxy=localhost', [], 'a proxy is how, not what'],
    [
      '--build-arg',
      'SOURCE_DATE_EPOCH=1',
      ['WORKDIR', 'COPY', 'RUN'],
      'directories that are made get this time',
    ],
    ['--build-arg', 'BUILDKIT_SANDBOX_HOSTNAME=box', ['RUN'], 'a RUN sees its host name'],
    ['--build-context', 'unused=/', [], 'counts by the files that are taken from it'],
    ['--cache-from', 'type=local,src=/nowhere', [], 'where results may come from'],
    ['--cache-to', 'type=inline', [], 'where results go'],
    ['--call', undefined, [], 'builds nothing'],
    ['--cgroup-parent', '/builds', [], 'a limit decides whether a step succeeds, not what it makes'],
    ['--check', undefined, [], 'builds nothing'],
    ['--cpus', '1', [], 'a limit'],
    ['--explain', '', [], notInTheResult],
    ['--fail-on-miss', '', [], notInTheResult],
    ['--compress', '', [], 'of a context that is sent nowhere'],
    ['--file', 'elsewhere.Dockerfile', [], 'steps count by what they say, wherever it stands'],
    ['--force-rm', '', [], 'nothing to remove is left'],
    ['--format', undefined, [], 'builds nothing'],
    ['--iidfile', '/nowhere', [], notInTheResult],
    ['--insecure-registry', 'localhost', [], 'how a base is fetched; it counts by its content'],
    ['--label', 'a=b', [], 'of the config'],
    ['--load', '', [], 'where the image goes'],
    ['--max-parallelism', '7', [], 'steps do not see each other'],
    ['--memory', '1g', [], 'a limit'],
    ['--metadata-file', '/nowhere', [], notInTheResult],
    ['--network', 'none', ['RUN'], 'what a RUN can reach'],
    ['--no-cache', '', [], 'runs the step again: the new result takes the place of the old one'],
    ['--no-cache-filter', 'build', [], 'runs the step again: the new result takes the place of the old one'],
    ['--output', 'type=oci,dest=/nowhere', [], 'where the image goes'],
    [
      '--platform',
      'linux/arm64',
      [],
      'counts by the base and by ARGs that name it: TARGETARCH is one of them',
    ],
    ['--progress', 'plain', [], notInTheResult],
    ['--provenance', 'false', [], 'beside the image'],
    ['--pull', '', [], 'which base: it counts by its content'],
    ['--push', undefined, [], 'where the image goes'],
    ['--quiet', '', [], notInTheResult],
    [
      '--registry-mirror',
      'docker.io=http://localhost:1',
      [],
      'where a base comes from; it counts by its content',
    ],
    ['--resource', 'memory=1g', [], 'a limit'],
    ['--rm', '', [], 'nothing to remove is left'],
    ['--runtime', 'crun', [], 'runs the same process in the same surroundings'],
    ['--sbom', 'false', [], 'beside the image'],
    ['--secret', 'id=token,env=HOME', ['RUN'], 'whether there is one, never its value'],
    ['--shm-size', '1g', [], 'a limit'],
    ['--ssh', 'default=/run/agent', ['RUN'], 'whether there is an agent, never its keys'],
    ['--tag', 'app', [], 'a name'],
    ['--target', 'only', [], 'which steps are needed, not what they are'],
    ['--on-failure', 'shell', [], 'what a person does after a failure'],
    ['--step-timeout', '1h', [], 'a limit decides whether a step succeeds, not what it makes'],
    ['--trace', '/dev/null', [], notInTheResult],
    ['--timeout', '1h', [], 'a limit decides whether a build succeeds, not what it makes'],
    ['--ulimit', 'nofile=1024:2048', ['RUN'], 'a process can ask for it'],
  ];

  test('are all in the table', () => {
    const flags = buildCommand(() => {}).options.map(({ long }) => long);
    expect([...new Set(rows.map(([flag]) => flag))].sort()).toEqual(flags.sort());
  });

  test.each(rows.filter(([, value]) => value !== undefined))(
    '%s %s changes %j: %s',
    async (flag, value, steps) => {
      const given = flag === '--file' ? path(value ?? '') : value;
      const args = given === '' ? [flag] : [flag, given ?? ''];
      expect(await changed([path('app')], [...args, path('app')])).toEqual(steps);
    },
  );

  test('a value of a secret, a path of an agent: never', async () => {
    const args = (home: string, agent: string) => [
      '--secret',
      `id=token,env=${home}`,
      '--ssh',
      `default=${agent}`,
    ];
    expect(
      await changed([...args('HOME', '/a'), path('app')], [...args('HTTP_PROXY', '/b'), path('app')]),
    ).toEqual([]);
  });
});

describe('flags of instructions', () => {
  /** Flag, the instruction without and with it, whether its key changes, and why. */
  type Row = readonly [flag: string, without: string, with_: string, changes: boolean, why: string];
  const config = 'goes into the image config, which no step sees';
  const mounted = (options: string) => `RUN --mount=${options} true`;
  const rows: readonly Row[] = [
    [
      'from --platform',
      'FROM scratch',
      'FROM --platform=linux/arm64 scratch',
      false,
      'counts by the base it gives',
    ],
    ['run --network', 'RUN true', 'RUN --network=none true', true, 'what the process can reach'],
    ['run --security', 'RUN true', 'RUN --security=insecure true', true, 'what the process may do'],
    [
      'run --device',
      'RUN true',
      'RUN --device=vendor.com/device=name true',
      true,
      'what the process can use',
    ],
    ['run --mount', 'RUN true', mounted('type=tmpfs,target=/t'), true, 'what the process sees'],
    [
      'copy --from',
      'COPY a /a',
      'COPY --from=other a /a',
      false,
      'files count by content, wherever they are from',
    ],
    ['copy --chown', 'COPY a /a', 'COPY --chown=1:1 a /a', true, 'the owner in the layer'],
    ['copy --chmod', 'COPY a /a', 'COPY --chmod=600 a /a', true, 'the mode in the layer'],
    ['copy --link', 'COPY a /a', 'COPY --link a /a', true, 'links below are not followed'],
    ['copy --parents', 'COPY lib/b /', 'COPY --parents lib/b /', true, 'where the files land'],
    ['copy --exclude', 'COPY lib /', 'COPY --exclude=*.md lib /', true, 'other files'],
    ['copy --exclude', 'COPY lib /', 'COPY --exclude=*.txt lib /', false, 'the same files'],
    ['add --chown', 'ADD a /a', 'ADD --chown=1:1 a /a', true, 'the owner in the layer'],
    ['add --chmod', 'ADD a /a', 'ADD --chmod=600 a /a', true, 'the mode in the layer'],
    ['add --link', 'ADD a /a', 'ADD --link a /a', true, 'links below are not followed'],
    ['add --exclude', 'ADD lib /', 'ADD --exclude=*.md lib /', true, 'other files'],
    [
      'add --unpack',
      'ADD archive.tar /',
      'ADD --unpack=false archive.tar /',
      true,
      'an archive or its members',
    ],
    ['healthcheck --interval', 'HEALTHCHECK CMD x', 'HEALTHCHECK --interval=9s CMD x', false, config],
    ['healthcheck --timeout', 'HEALTHCHECK CMD x', 'HEALTHCHECK --timeout=9s CMD x', false, config],
    ['healthcheck --start-period', 'HEALTHCHECK CMD x', 'HEALTHCHECK --start-period=9s CMD x', false, config],
    [
      'healthcheck --start-interval',
      'HEALTHCHECK CMD x',
      'HEALTHCHECK --start-interval=9s CMD x',
      false,
      config,
    ],
    ['healthcheck --retries', 'HEALTHCHECK CMD x', 'HEALTHCHECK --retries=9 CMD x', false, config],
  ];
  /** Not asked here: they fetch. */
  const remote: Readonly<Record<string, string>> = {
    'add --checksum': 'what is fetched counts by content; the checksum says only whether it is right',
    'add --keep-git-dir': 'other files',
  };

  test('are all in the table', () => {
    const flags = Object.entries(instructionFlags).flatMap(([keyword, known]) =>
      Object.keys(known).map((flag) => `${keyword} --${flag}`),
    );
    expect([...new Set([...rows.map(([flag]) => flag), ...Object.keys(remote)])].sort()).toEqual(
      flags.sort(),
    );
  });

  const differs = async (one: string, other: string): Promise<boolean> => {
    const args = (name: string, line: string) => {
      const base = line.startsWith('FROM') ? `${line}\nCOPY a /` : `FROM scratch\n${line}`;
      write(`${name}.Dockerfile`, `${base}\nRUN last\n`);
      return ['-f', path(`${name}.Dockerfile`), '--build-context', `other=${path('other')}`, path('app')];
    };
    return (await changed(args('one', one), args('other', other))).length > 0;
  };

  test.each(rows)('%s: %s → %s', async (_, without, with_, changes) => {
    expect(await differs(without, with_)).toBe(changes);
  });

  const cache = 'type=cache,target=/c,id=x';
  const secret = 'type=secret,id=token,target=/s';
  const mounts: readonly Row[] = [
    ['type', 'type=cache,target=/c', 'type=tmpfs,target=/c', true, 'what is shown'],
    ['target', cache, 'type=cache,target=/d,id=x', true, 'where it is shown'],
    ['dst', cache, 'type=cache,dst=/c,id=x', false, 'another word for target'],
    ['destination', cache, 'type=cache,destination=/c,id=x', false, 'another word for target'],
    ['source', 'target=/t,source=a', 'target=/t,source=lib', true, 'other files'],
    ['src', 'target=/t,source=a', 'target=/t,src=a', false, 'another word for source'],
    ['from', 'target=/t,source=a', 'target=/t,source=a,from=other', false, 'files count by content'],
    ['from', cache, `${cache},from=other`, true, 'the first content of a cache is a part of its identity'],
    ['id', cache, 'type=cache,target=/c,id=y', true, 'another cache'],
    ['id', secret, 'type=secret,id=tokens,target=/s', true, 'another secret'],
    ['env', secret, `${secret},env=TOKEN`, true, 'a variable of the process'],
    ['readonly', cache, `${cache},readonly`, true, 'what the process may do'],
    ['ro', cache, `${cache},ro`, true, 'what the process may do'],
    ['ro', 'type=tmpfs,target=/t', 'type=tmpfs,target=/t,ro', true, 'what the process may do'],
    ['readwrite', 'target=/t,source=a', 'target=/t,source=a,readwrite', true, 'what the process may do'],
    ['rw', 'target=/t,source=a', 'target=/t,source=a,rw', true, 'what the process may do'],
    [
      'required',
      secret,
      `${secret},required`,
      true,
      'without one the step fails, whatever came of one that could do without',
    ],
    ['sharing', cache, `${cache},sharing=locked`, false, 'who waits for whom'],
    ['mode', cache, `${cache},mode=0700`, true, 'what the process sees'],
    ['uid', cache, `${cache},uid=7`, true, 'what the process sees'],
    ['gid', cache, `${cache},gid=7`, true, 'what the process sees'],
    ['size', 'type=tmpfs,target=/t', 'type=tmpfs,target=/t,size=1m', true, 'what the process can write'],
  ];

  test('of mounts are all in the table', () => {
    expect([...new Set(mounts.map(([name]) => name))].sort()).toEqual([...mountOptionNames].sort());
  });

  test.each(mounts)('--mount %s: %s → %s', async (_, without, with_, changes) => {
    expect(await differs(mounted(without), mounted(with_))).toBe(changes);
  });
});

describe('instructions above a step', () => {
  const steps = 'WORKDIR /w\nCOPY a /a\nRUN ["exec", "form"]\nRUN shell form\n';
  const everyRun = ['RUN ["exec",', 'RUN shell'];
  const none: readonly string[] = [];
  /** What stands above in the one file, what in the other, the steps whose keys differ, and why. */
  const rows: readonly (readonly [above: string, other: string, steps: readonly string[], why: string])[] = [
    ['', 'LABEL a=b', none, 'no step sees it'],
    ['LABEL a=b', 'LABEL a=c', none, 'no step sees it'],
    ['', 'CMD ["x"]', none, 'no step sees it'],
    ['', 'ENTRYPOINT ["x"]', none, 'no step sees it'],
    ['', 'EXPOSE 80', none, 'no step sees it'],
    ['', 'VOLUME /v', none, 'no step sees it'],
    ['', 'HEALTHCHECK CMD x', none, 'no step sees it'],
    ['', 'STOPSIGNAL 9', none, 'no step sees it'],
    ['', 'ONBUILD RUN x', none, 'no step sees it'],
    ['', 'MAINTAINER me', none, 'no step sees it'],
    ['', 'ENV A=1', everyRun, 'every RUN sees it, used or not'],
    ['ENV A=1 B=2', 'ENV B=2 A=1', everyRun, 'the environment has an order'],
    ['ENV A=1', 'ENV A=2', everyRun, 'every RUN sees it, used or not'],
    ['', 'ARG A=1', everyRun, 'every RUN sees it, used or not'],
    ['', 'ARG A', none, 'without a value it is no variable'],
    ['', 'SHELL ["/bin/other", "-c"]', ['RUN shell'], 'the exec form has no shell'],
    ['', 'USER 7', ['WORKDIR', 'COPY', ...everyRun], 'who makes the directory, on which the rest stands'],
    ['', 'WORKDIR /', none, 'it is there'],
  ];

  /** By as much of a label as tells these steps from each other. */
  const keysBelow = async (above: string): Promise<ReadonlyMap<string, string>> => {
    write('above.Dockerfile', `FROM scratch\n${above}\n${steps}`);
    const keys = await keysOf(path('store'), ['-f', path('above.Dockerfile'), path('app')]);
    return new Map(
      [...keys].map(([label, key]) => [label.split(' ', label.startsWith('RUN') ? 2 : 1).join(' '), key]),
    );
  };

  test.each(rows)('%j → %j changes %j: %s', async (above, other, want) => {
    const [before, after] = [await keysBelow(above), await keysBelow(other)];
    expect([...after.keys()]).toEqual(['WORKDIR', 'COPY', ...everyRun]);
    expect([...after.keys()].filter((step) => after.get(step) !== before.get(step))).toEqual(want);
  });
});

describe('what a clone, a clock and a directory can differ in', () => {
  const text = 'FROM scratch\nCOPY . /app/\nCOPY --link lib /lib/\nRUN true\n';
  const names = ['a', 'sub/b', 'sub/c', 'lib/d', 'z'];
  const make = (name: string, order: readonly string[], text_ = text): string => {
    for (const file of order) write(`${name}/${file}`, file);
    write(`${name}/Dockerfile`, text_);
    write(`${name}/.dockerignore`, 'Dockerfile\n');
    return path(name);
  };

  test('leaves all keys alone where the layer does not show it', async () => {
    const first = make('first', names);
    const second = make('elsewhere/second', [...names].reverse());
    for (const name of names) utimesSync(join(second, name), 1, 1);
    expect(await changed([first], [second])).toEqual([]);
    // The same directory through a link, with other options for the display.
    expect(await changed([first], ['--progress', 'rawjson', `${second}/../second`])).toEqual([]);
  });

  test('changes the keys of the steps that take it where the layer does show it', async () => {
    const first = make('first', names);
    const second = make('third', names);
    chmodSync(join(second, 'z'), 0o664);
    expect(await changed([first], [second])).toEqual(['COPY', 'RUN']);
  });

  test.each([
    ['is a mode that --chmod replaces, never', '--chmod=644 . /app/', 0o600, []],
    ['nor one that it makes the same of others', '--chmod=go=u . /app/', 0o664, []],
    ['nor one that differs where it changes everything', '--chmod=a=r . /app/', 0o600, []],
    ['and is one that it keeps', '--chmod=u+x . /app/', 0o600, ['COPY', 'RUN']],
  ])('%s: COPY %s', async (_, copy, mode, want) => {
    const copying = `FROM scratch\nCOPY ${copy}\nRUN true\n`;
    const [first, second] = [make('modes', names, copying), make('other-modes', names, copying)];
    chmodSync(join(second, 'z'), mode);
    expect(await changed([first], [second])).toEqual(want);
  });

  test('is by name the owner of the context, never', async () => {
    const { chownSync } = await import('node:fs');
    const second = make('fourth', names);
    if (process.getuid?.() === 0) chownSync(join(second, 'a'), 4321, 4321);
    expect(await changed([make('first', names)], [second])).toEqual([]);
  });

  test('a --link copy keeps its key on whatever it stands', async () => {
    const one = make('linked', names, 'FROM scratch\nCOPY a /\nCOPY --link lib /lib/\nRUN true\n');
    const other = make('relinked', names, 'FROM scratch\nCOPY z /\nCOPY --link lib /lib/\nRUN true\n');
    const keys = [await keysOf(path('store'), [one]), await keysOf(path('store'), [other])];
    const [before, after] = keys.map((each) => each.get('COPY --link lib /lib/'));
    expect(after).toBe(before);
    expect(keys[1]?.get('RUN true')).not.toBe(keys[0]?.get('RUN true'));
  });
});
