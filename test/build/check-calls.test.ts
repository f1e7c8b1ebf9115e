import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CheckedDirectory, openCheckedDirectory } from './checked.ts';

let checked: CheckedDirectory;
beforeEach(() => {
  checked = openCheckedDirectory();
});
afterEach(() => checked.remove());

const service = `# GO_VERSION which compiler
ARG GO_VERSION=1.22
ARG SUFFIX=-\${FLAVOUR}
# FLAVOUR of the base image
ARG FLAVOUR=slim
ARG UNUSED=1

# build makes the program
FROM --platform=$BUILDPLATFORM golang:$GO_VERSION AS build
ARG TARGETARCH
# TAGS for the compiler
ARG TAGS="net osuser"
ARG COMMIT
RUN --mount=type=cache,id=go,target=/root/.cache,sharing=locked \\
    --mount=type=secret,id=token,required=true \\
    --mount=type=ssh go build

FROM debian:12$SUFFIX AS unreached
RUN --mount=type=secret,id=other true

# nothing to do with it
#
# app the service as it is shipped
FROM debian:12
`;
const app = `${service.trimEnd()} AS app
ARG GO_VERSION
COPY --from=build /app /
RUN --mount=type=secret,id=token,env=TOKEN --mount=type=ssh,id=deploy,required true`;

describe('outline', () => {
  test('shows what the target takes', async () => {
    const { code, stdout, stderr } = await checked.run(['build', '--call', 'outline'], app);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(`TARGET:       app
DESCRIPTION:  the service as it is shipped

BUILD ARG   VALUE       DESCRIPTION
GO_VERSION  1.22        which compiler
TAGS        net osuser  for the compiler
COMMIT

SECRET  REQUIRED
token   true

SSH      REQUIRED
default
deploy   true

CACHE  TARGET        SHARING
go     /root/.cache  locked
`);
  });

  test('as JSON, with places', async () => {
    const flags = ['build', '--call', 'outline', '--format', 'json', '--build-arg', 'COMMIT=f00'];
    const { code, stdout } = await checked.run(flags, app);
    expect(code).toBe(0);
    const outline = JSON.parse(stdout);
    const lines = app.split('\n');
    const textAt = ({ location }: { location: { ranges: { start: Place; end: Place }[] } }) => {
      const [{ start, end } = { start: { line: 0, column: 0 }, end: { line: 0, column: 0 } }] =
        location.ranges;
      expect(end.line).toBe(start.line);
      return `${start.line} ${lines[start.line - 1]?.slice(start.column - 1, end.column - 1)}`;
    };
    const withText = (list: { location: { ranges: { start: Place; end: Place }[] } }[]) =>
      list.map(({ location, ...rest }) => ({ ...rest, at: textAt({ location }) }));
    expect({
      ...outline,
      args: withText(outline.args),
      secrets: withText(outline.secrets),
      ssh: withText(outline.ssh),
      cache: withText(outline.cache),
    }).toEqual({
      name: 'app',
      description: 'the service as it is shipped',
      args: [
        { name: 'GO_VERSION', value: '1.22', description: 'which compiler', at: '2 GO_VERSION' },
        { name: 'TAGS', value: 'net osuser', description: 'for the compiler', at: '12 TAGS' },
        { name: 'COMMIT', value: 'f00', at: '13 COMMIT' },
      ],
      secrets: [{ name: 'token', required: true, at: '15 type=secret,id=token,required=true' }],
      ssh: [
        { name: 'default', required: false, at: '16 type=ssh' },
        { name: 'deploy', required: true, at: '27 type=ssh,id=deploy,required' },
      ],
      cache: [
        {
          ID: 'go',
          target: '/root/.cache',
          sharing: 'locked',
          at: '14 type=cache,id=go,target=/root/.cache,sharing=locked',
        },
      ],
      sources: [{ filename: 'Dockerfile' }],
    });
  });

  interface Place {
    readonly line: number;
    readonly column: number;
  }

  /** `NAME=value` of each argument. */
  async function args(dockerfile: string, flags: readonly string[] = []): Promise<string[]> {
    const { stdout, stderr } = await checked.run(
      ['build', '--call', 'outline,format=json', ...flags],
      dockerfile,
    );
    expect(stderr).toBe('');
    return JSON.parse(stdout).args.map(
      ({ name, value = '(none)' }: { name: string; value?: string }) => `${name}=${value}`,
    );
  }

  test.each<[title: string, dockerfile: string, flags: string[], want: string[]]>([
    ['a target', app, ['--target', 'unreached'], ['SUFFIX=-', 'FLAVOUR=slim']],
    [
      'a build argument',
      app,
      ['--target', 'build', '--build-arg', 'GO_VERSION=2', '--build-arg', 'TAGS=x'],
      ['GO_VERSION=2', 'TAGS=x', 'COMMIT=(none)'],
    ],
    [
      'one in place of a default that reads another',
      app,
      ['--target', 'unreached', '--build-arg', 'SUFFIX='],
      ['SUFFIX='],
    ],
    ['the nearest to the target', 'FROM a AS b\nARG X=1\nFROM b\nARG X=2', [], ['X=2']],
    ['one that a later stage only repeats', 'FROM a AS b\nARG X=1\nFROM b\nARG X', [], ['X=1']],
    ['one of several in a line', 'FROM a\nARG X=1 Y=$X', [], ['X=1', 'Y=1']],
    ['an automatic one with another default', 'FROM a\nARG TARGETARCH=z80', [], ['TARGETARCH=z80']],
    ['one that reads what only the base knows', 'FROM a\nARG X=$BASE', [], ['X=(none)']],
    ['none', 'FROM a', [], []],
  ])('%s', async (_title, dockerfile, flags, want) => expect(await args(dockerfile, flags)).toEqual(want));

  test('of a stage without a name', async () => {
    const outline = ['build', '--call', 'outline'];
    expect((await checked.run(outline, 'FROM a\nARG X=1')).stdout).toBe(
      'BUILD ARG  VALUE  DESCRIPTION\nX          1\n',
    );
    const stderr = 'The target takes no arguments, secrets, agents or caches.\n';
    expect(await checked.run(outline, 'FROM a')).toEqual({ code: 0, stdout: '', stderr });
  });

  test('ids are expanded as in a build', async () => {
    const dockerfile =
      'FROM a\nARG P=app\nRUN --mount=type=cache,target=/c/$P --mount=type=secret,id=$P.key --mount=type=secret,id=k,target=$BASE/x true';
    const flags = ['build', '--call', 'outline', '--build-arg', 'BUILDKIT_CACHE_MOUNT_NS=ns'];
    const { stdout } = await checked.run(flags, dockerfile);
    expect(stdout).toMatch(/^SECRET {3}REQUIRED\napp\.key\nk$/m);
    expect(stdout).toMatch(/^ns\/\/c\/app {2}\/c\/app {2}shared$/m);
  });

  test('what is wrong with the Dockerfile is an error', async () => {
    const { code, stdout, stderr } = await checked.run(['build', '--call', 'outline'], 'FROM a\nEXPOSE x');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^Dockerfile:2:8: error: .* \[invalid-port\]/);
  });
});

describe('targets', () => {
  test('are the stages, with what they are', async () => {
    const { code, stdout } = await checked.run(['build', '--call', 'targets'], `${app}\nFROM app`);
    expect(code).toBe(0);
    expect(stdout).toBe(`TARGET     BASE                DESCRIPTION
build      golang:$GO_VERSION  makes the program
unreached  debian:12$SUFFIX
app        debian:12           the service as it is shipped
(default)  app
`);
    expect((await checked.run(['build', '--call', 'targets'], 'FROM a\nFROM b AS Last')).stdout).toBe(
      'TARGET          BASE  DESCRIPTION\n-               a\nlast (default)  b\n',
    );
  });

  test('as JSON, with places', async () => {
    const { stdout } = await checked.run(
      ['build', '--call', 'targets', '--format', 'json'],
      '# one is first\nFROM --platform=$BUILDPLATFORM a AS one\nRUN x\nFROM one',
    );
    const line = (number: number, endColumn: number) => ({
      ranges: [{ start: { line: number, column: 1 }, end: { line: number, column: endColumn } }],
    });
    expect(JSON.parse(stdout)).toEqual({
      targets: [
        {
          name: 'one',
          default: false,
          description: 'is first',
          base: 'a',
          platform: '$BUILDPLATFORM',
          location: line(2, 40),
        },
        { default: true, base: 'one', location: line(4, 9) },
      ],
      sources: [{ filename: 'Dockerfile' }],
    });
  });

  test('are listed even when no stage could be built', async () => {
    const { code, stdout } = await checked.run(
      ['build', '--call', 'targets'],
      'FROM $NOTHING AS a\nEXPOSE x',
    );
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'TARGET       BASE      DESCRIPTION\na (default)  $NOTHING\n',
    });
  });

  test('need a file that can be parsed', async () => {
    const { code, stderr } = await checked.run(['build', '--call', 'targets'], 'FORM a');
    expect(code).toBe(1);
    expect(stderr).toMatch(/\[unknown-instruction\]/);
  });
});

test.each([
  ['build'],
  ['build', '--check'],
  ['check'],
  ['build', '--call', 'outline'],
  ['build', '--call', 'targets'],
])('%s %s %s tells all that is wrong, whoever finds it, in one order', async (...command) => {
  checked.write('.dockerignore', 'ok\n[a\n');
  const places = async (dockerfile: string) => {
    const { code, stdout, stderr } = await checked.run(command, dockerfile);
    expect(code).toBe(1);
    const found = `${stdout}${stderr}`.matchAll(/^(\S+): error: .* \[([\w-]+)\]$/gm);
    return [...found].map(([, place, error]) => `${place} ${error}`);
  };
  expect(
    await places(
      'FROM a:$x AS b\nINSTALL c\nRUN --mount=type=cahce,target=/c true\nFROM b\nCOPY --from=7 d e\nEXPOSE f',
    ),
  ).toEqual([
    'Dockerfile:1:6 invalid-reference',
    'Dockerfile:2:1 unknown-instruction',
    'Dockerfile:3:13 bad-mount',
    'Dockerfile:5:13 unknown-stage',
    'Dockerfile:6:8 invalid-port',
    '.dockerignore:2:1 bad-ignore-pattern',
  ]);
  // What planning alone finds comes no later.
  expect(await places('FROM scratch\nCOPY --from=7 $warned e')).toEqual([
    'Dockerfile:2:13 unknown-stage',
    '.dockerignore:2:1 bad-ignore-pattern',
  ]);
});
