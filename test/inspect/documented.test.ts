import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { directory, file, type Member } from '../support/image-parts.ts';
import { runOk } from '../support/process.ts';
import { strata } from './cli.ts';
import { allNames, documentedMembers, undocumented } from './documented-members.ts';
import { fixture, openScratch, startLayout } from './images.ts';

const scratch = openScratch();
afterAll(() => scratch.remove());
const app1 = 'fixtures/images/app-1.tar';
const app2 = 'fixtures/images/app-2.tar';
const docker = scratch.path('docker.tar');
const odd = scratch.path('odd');
const other = scratch.path('other');
const root = scratch.path('root');

/** Everything the kept images do not have: a device, an attribute, an annotation, damage. */
const oddMembers = (mode: number, author: string): Member[] => [
  directory('dev'),
  { name: 'dev/null', type: 'character-device', mode, devmajor: 1, devminor: 3 },
  file('caf\xe9', author, { pax: { 'SCHILY.xattr.user.a': author } }),
  { name: 'l', type: 'symlink', linkname: author },
  file('../outside'),
];

beforeAll(async () => {
  await runOk('skopeo', [
    'copy',
    '--quiet',
    `oci-archive:${fixture('app-1.tar')}`,
    `docker-archive:${docker}:app:1`,
  ]);
  const context = scratch.path('context');
  mkdirSync(context);
  // A name that is no UTF-8: tar-stream writes UTF-8 only.
  const nameless = Buffer.from(join(context, 'caf\xe9'), 'latin1');
  for (const [path, mode, author] of [
    [odd, 0o600, 'one'],
    [other, 0o666, 'two'],
  ] as const) {
    const layout = startLayout(path);
    const created = '2026-01-01T00:00:00Z';
    const history = [{ created_by: `RUN /bin/sh -c make ${author}`, author, comment: author, created }];
    const parts = {
      layers: [oddMembers(mode, author)],
      history,
      config: { author, created },
      manifest: { annotations: { a: author } },
    };
    layout.name([[author, await layout.image(parts)]]);
    writeFileSync(nameless, author);
    await buildImage(`made:${author}`, ['FROM scratch', 'COPY caf* /x/', 'COPY caf* /y/']);
  }
  await buildImage('above', ['FROM made:one', 'COPY caf* /z/']);

  async function buildImage(name: string, lines: readonly string[]): Promise<void> {
    writeFileSync(join(context, 'Dockerfile'), `${lines.join('\n')}\n`);
    expect(await strata(['--root', root, 'build', '-q', '-t', name, context])).toMatchObject({ code: 0 });
  }
});

describe('what the commands print is what docs/INSPECT.md says', () => {
  test.each<[heading: string, command: string[], corpus: string[][]]>([
    [
      '`strata inspect --json`',
      ['inspect', '--json', '--files', '--lowest-efficiency', '0.1'],
      [[app1], [docker], [odd], ['made:one'], ['above'], ['--layer', '1', app1]],
    ],
    [
      '`strata diff --json`',
      ['diff', '--json'],
      [
        [app1, app2],
        [odd, other],
        [other, odd],
        [app1, app1],
        ['made:one', 'made:two'],
        [app1, docker],
        ['--stat', odd, app1],
      ],
    ],
  ])('%s', async (heading, command, corpus) => {
    const members = documentedMembers(heading);
    const seen = new Set<string>();
    for (const args of corpus) {
      const { stdout } = await strata(['--root', root, ...command, ...args]);
      expect([args, undocumented(JSON.parse(stdout), members, seen)]).toEqual([args, []]);
    }
    expect(allNames(members).filter((name) => !seen.has(name))).toEqual([]);
  });

  test.each([[[]], [['--no-trunc', '--no-human']]])('`strata history --json` %s', async (flags) => {
    const members = documentedMembers('`strata history --json`');
    const { stdout } = await strata(['history', '--json', ...flags, app1]);
    const lines = stdout.trim().split('\n');
    expect(lines.flatMap((line) => undocumented(JSON.parse(line), members, new Set()))).toEqual([]);
    expect(members.size).toBe(6);
  });

  test('a member more, one less, or of another type is noticed', () => {
    const members = documentedMembers('`strata diff --json`').get('reasons')?.members ?? new Map();
    const check = (value: object) => undocumented(value, members, new Set());
    expect(check({ kind: 'times', title: '', hint: null })).toEqual([]);
    expect(check({ kind: 'times', title: '', hint: null, more: 1 })).toEqual(['more is not documented']);
    expect(check({ kind: 'times', title: '' })).toEqual(['hint is missing']);
    expect(check({ kind: 'none', title: '', hint: 5 })).toEqual([
      expect.stringContaining('reasons[].kind is "none", not "platform" or'),
      'reasons[].hint is 5, not string or null',
    ]);
  });

  test('every code of a finding is there', () => {
    const text = readFileSync('docs/INSPECT.md', 'utf8');
    const sources = ['src/layer/validate', 'src/oci/validate.ts', 'src/inspect/tree/read-layer-tree.ts'];
    const found = execFileSync('grep', [
      '-rhoE',
      "(report|limited|checkName|IntegrityError|code:)\\(?[[:space:]]*'[a-z]+(-[a-z]+)*'",
      ...sources,
    ]);
    const codes = [...found.toString().matchAll(/'(.*)'/g)].map(([, code]) => code ?? '');
    expect(codes.length).toBeGreaterThan(8);
    expect(codes.filter((code) => !text.includes(`\`${code}\``))).toEqual([]);
  });
});
