/** What only a real build shows of where COPY takes files from and where they land. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { sandboxNeeds } from '../support/capabilities.ts';
import { onceItRuns } from '../support/killed-build.ts';
import { type SaidStage, saidRows, saidStages } from '../support/said-stages.ts';
import { describeBuilds } from '../support/site.ts';

/** A stage that others copy from. */
const source = [
  'FROM strata-base/busybox AS source',
  'RUN echo only:x:77:78::/: >> /etc/passwd && echo root > /f && echo made > /ignored',
  'WORKDIR /w',
  'RUN echo work > f',
];

const stages: readonly SaidStage[] = [
  ['a source in a stage starts at its root, whatever its WORKDIR', ['COPY --from=source f /said'], 'root\n'],
  ['a stage has what the ignore file names', ['COPY --from=source ignored /said'], 'made\n'],
  [
    'the context has its Dockerfile and its ignore file',
    ['COPY . /c', 'RUN ls -A /c > /said'],
    '.dockerignore\nDockerfile\nempty\n',
  ],
  [
    'a named context has an ignore file of its own',
    ['COPY --from=other . /c', 'RUN ls -A /c > /said'],
    '.dockerignore\nignored\n',
  ],
  [
    'a directory on the way of a --link copy is a new one',
    ['RUN mkdir -m 1777 /open', 'COPY --link empty /open/', 'RUN stat -c %a /open > /said'],
    '755\n',
  ],
  [
    'and is not where --chmod makes --link ineffective',
    ['RUN mkdir -m 1777 /open', 'COPY --link --chmod=600 empty /open/', 'RUN stat -c %a /open > /said'],
    '1777\n',
  ],
  [
    'names of --chown are those of the image that is built',
    [
      'RUN echo only:x:87:88::/: >> /etc/passwd',
      'COPY --from=source --chown=only f /f',
      'RUN stat -c %u:%g /f > /said',
    ],
    '87:88\n',
  ],
  [
    'USER owns what WORKDIR makes, not what COPY brings or makes',
    [
      'USER guest',
      'COPY empty /new/f',
      'WORKDIR /made/deep',
      'USER root',
      'RUN stat -c %u /new /new/f /made /made/deep > /said',
    ],
    '0\n0\n1000\n1000\n',
  ],
  [
    'a heredoc is as old as its build',
    ['COPY <<EOF /h', 'text', 'EOF', 'RUN find /h -mmin -60 > /said'],
    '/h\n',
  ],
  [
    'what is put into a volume stays',
    ['VOLUME /v', 'RUN mkdir /v && touch /v/made', 'COPY empty /v/', 'RUN ls -A /v > /said'],
    'empty\nmade\n',
  ],
];

describeBuilds(sandboxNeeds, 'the files of a COPY', (site) => {
  /** Reads the files of what was built. */
  const build = async (name: string, args: readonly string[], input: Uint8Array = new Uint8Array()) => {
    const out = site.path(`${name}.out`);
    await site.strataOk(['build', '--output', `type=local,dest=${out}`, ...args], { input });
    return (file: string) => readFileSync(join(out, file), 'utf8');
  };
  let read: (file: string) => string;

  beforeAll(async () => {
    await site.makeBusyboxBase();
    const context = site.files('stages', {
      Dockerfile: [...source, ...saidStages(stages), ''].join('\n'),
      '.dockerignore': 'ignored\n',
      ignored: '',
      empty: '',
    });
    const other = site.files('other', { '.dockerignore': 'empty\n', ignored: '', empty: '' });
    read = await build('stages', ['--build-context', `other=${other}`, context]);
  });

  test.each(saidRows(stages))('%s', (_title, file, said) => {
    expect(read(file)).toBe(said);
  });

  test('an ignored Dockerfile is hidden from COPY, and nothing is in an archive', async () => {
    const context = site.files('hidden', {
      Dockerfile: 'FROM strata-base/busybox\nCOPY . /c\nRUN ls -A /c > /said\n',
      '.dockerignore': '*\n!file\n',
      file: '',
    });
    expect((await build('hidden', [context]))('said')).toBe('file\n');
    const archive = execFileSync('tar', ['-C', context, '-c', '.']);
    expect((await build('sent', ['-'], archive))('said')).toBe('.dockerignore\nDockerfile\nfile\n');
  });

  test('of --link are one layer, packed at once or when somebody asks for it, whatever it stands on', async () => {
    const context = site.files('linked', {
      Dockerfile: [
        'FROM strata-base/busybox AS base',
        'RUN mkdir -p /tree/empty',
        'FROM base AS made',
        'COPY --link tree /tree',
        'RUN ls -R /tree > /list',
        'FROM scratch AS files',
        'COPY --from=made /list /list',
        'FROM strata-base/busybox AS other',
        'COPY --link tree /tree',
      ].join('\n'),
      'tree/empty/': '',
      'tree/file': 'x',
    });
    const later = { STRATA_ROOT: site.path('later') };
    execFileSync('cp', ['-a', site.root, later.STRATA_ROOT]);
    const layersOf = async (target: string, env: Record<string, string>) => {
      await site.strataOk(['build', '-q', '--target', target, '-t', target, context], { env });
      const { layers } = JSON.parse(await site.strataOk(['inspect', '--json', target], { env })) as {
        layers: { diffID: string }[];
      };
      return layers.map(({ diffID }) => diffID);
    };
    const [, , copied] = await layersOf('made', {});
    await site.strataOk(['build', '-q', '--target', 'files', context], { env: later });
    expect((await layersOf('made', later))[2]).toBe(copied);
    expect((await layersOf('other', later))[1]).toBe(copied);
  });

  test.each([
    ['a COPY', 'COPY file /said'],
    ['a bind mount', 'RUN --mount=type=bind,source=file,target=/mnt cp /mnt /said'],
  ])('of %s are never cached as what they were before', async (title, takes) => {
    const files = {
      Dockerfile: `FROM strata-base/busybox\nRUN echo it runs now; sleep 1 # ${title}\n${takes}\n`,
      file: 'before',
    };
    const context = site.files('changing', files);
    const { code, stderr } = await site.strata(['build', '--progress', 'plain', context], {
      ...onceItRuns(() => writeFileSync(join(context, 'file'), 'behind')),
    });
    expect(code).toBe(1);
    expect(stderr).toContain('error: "/file" changed after the build had looked at it [source-changed]');
    for (const content of ['behind', 'before']) {
      writeFileSync(join(context, 'file'), content);
      expect((await build('changing', [context]))('said')).toBe(content);
    }
  });
});
