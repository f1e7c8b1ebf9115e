/** A COPY of files that are nearly those of an earlier one: little is written, and nobody can tell. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { bytePathFromText } from '../../src/core/byte-path.ts';
import { restOf } from '../../src/snapshot/own-notes.ts';
import { setXattr } from '../../src/sys/xattr.ts';
import { sandboxNeeds } from '../support/capabilities.ts';
import { describeBuilds } from '../support/site.ts';

const fileCount = 210;
const madeAt = '2020-02-02 02:02:02.123456789';
/** All but the number of links of directories: overlay says 1 of one that it merges. */
const tell = [
  "find /tree -type d -exec stat -c '%n %F %a %u:%g %y' {} + | sort > /list",
  "find /tree ! -type d -exec stat -c '%N %F %a %u:%g %s %y %h' {} + | sort >> /list",
  'find /tree -type f -exec md5sum {} + | sort >> /list',
].join('; ');

describeBuilds(sandboxNeeds, 'a copy of nearly the same files', (site) => {
  const dockerfile = (below: string) =>
    [
      'FROM strata-base/busybox AS made',
      `RUN mkdir -p /tree/below/dir && echo ${below} > /tree/below/name && touch -d '2001-01-01 00:00:00' /tree/below/* /tree/below`,
      'COPY tree /tree',
      `RUN ${tell}`,
      'FROM scratch',
      'COPY --from=made /list /list',
    ].join('\n');
  const tree = site.path('app/tree');
  const whole = { STRATA_ROOT: site.path('whole') };
  const others = ['pruned', 'failed', 'broken', 'secret'];
  let copies = 0;
  let outputs = 0;

  beforeAll(async () => {
    site.files('app', { Dockerfile: dockerfile('below') });
    for (let i = 0; i < fileCount; i++) {
      const dir = join(tree, `d${i % 7}`, `e${i % 3}`);
      mkdirSync(dir, { recursive: true });
      writeFileSync(join(dir, `f${i}`), `file ${i}\n`);
    }
    symlinkSync('d0/e0/f0', join(tree, 'link'));
    execFileSync('find', [tree, '-exec', 'touch', '-h', '-d', madeAt, '{}', '+']);
    for (const name of others) execFileSync('cp', ['-a', site.path('app'), site.path(name)]);
    // What changed just now is read again by the next build, which tells nobody what it is.
    await sleep(3100);
    await site.makeBusyboxBase();
    execFileSync('cp', ['-a', site.root, whole.STRATA_ROOT]);
  });

  const directoryOf = (id: string) => join(site.root, 'snapshots', id);
  const filesOf = (id: string) =>
    readdirSync(directoryOf(id), { recursive: true, withFileTypes: true })
      .filter((each) => !each.isDirectory())
      .map(({ name }) => name)
      .sort();
  const snapshots = () => new Set(readdirSync(join(site.root, 'snapshots')));

  const partialSince = (before: ReadonlySet<string>) =>
    [...snapshots()].filter((id) => !before.has(id) && restOf(directoryOf(id)) !== undefined);

  const toFiles = async (context: string, env: Record<string, string>) => {
    const out = site.path(`out-${outputs++}`);
    await site.strataOk(['build', '-q', '-o', `type=local,dest=${out}`, context], { env });
    return readFileSync(join(out, 'list'), 'utf8');
  };
  const toImage = async (context: string, env: Record<string, string>) => {
    await site.strataOk(['build', '-q', '--target', 'made', '-t', 'made', context], { env });
    const { layers } = JSON.parse(await site.strataOk(['inspect', '--json', 'made'], { env })) as {
      layers: { diffID: string }[];
    };
    return layers[2]?.diffID;
  };
  /** What a step saw of the files, and their layer; made for an image at once, or only when somebody asks for one. */
  async function build(context: string, env: Record<string, string>, isImageFirst: boolean) {
    const early = isImageFirst ? await toImage(context, env) : undefined;
    return { list: await toFiles(context, env), layer: early ?? (await toImage(context, env)) };
  }
  /** The same files, in a place of which nothing is known. */
  const wholeContext = () => {
    const context = site.path(`whole-${copies++}`);
    execFileSync('cp', ['-a', site.path('app'), context]);
    return context;
  };
  const write = (name: string, text: string) => writeFileSync(join(tree, name), text);

  type Row = readonly [title: string, edit: () => void, written: readonly string[] | 'all'];
  const edits: readonly Row[] = [
    ['nothing is there yet', () => {}, 'all'],
    ['content', () => write('d1/e1/f1', 'anothr\n'), ['f1']],
    [
      'content that leaves no other trace',
      () => {
        write('d2/e2/f2', 'fleI 2\n');
        execFileSync('touch', ['-d', madeAt, join(tree, 'd2/e2/f2')]);
      },
      ['f1', 'f2'],
    ],
    ['a mode', () => chmodSync(join(tree, 'd3/e0/f3'), 0o4751), ['f1', 'f2', 'f3']],
    ['the mode of a directory', () => chmodSync(join(tree, 'd4'), 0o1777), ['f1', 'f2', 'f3']],
    [
      'a fraction of a second, and something that makes a difference to the cache',
      () => {
        execFileSync('touch', ['-d', madeAt.replace('9', '8'), join(tree, 'd4/e1/f4')]);
        write('d1/e1/f1', 'another');
      },
      ['f1', 'f2', 'f3', 'f4'],
    ],
    [
      'a new file, in a new directory',
      () => {
        mkdirSync(join(tree, 'new/deep'), { recursive: true });
        write('new/deep/file', 'new');
      },
      ['f1', 'f2', 'f3', 'f4', 'file'],
    ],
    [
      'where a link leads',
      () => {
        unlinkSync(join(tree, 'link'));
        symlinkSync('d0/e0/f7', join(tree, 'link'));
      },
      ['f1', 'f2', 'f3', 'f4', 'file', 'link'],
    ],
    [
      'a file that becomes a link',
      () => {
        unlinkSync(join(tree, 'd5/e2/f5'));
        symlinkSync('f26', join(tree, 'd5/e2/f5'));
      },
      ['f1', 'f2', 'f3', 'f4', 'f5', 'file', 'link'],
    ],
    [
      'an attribute',
      () => setXattr(bytePathFromText(join(tree, 'd6/e0/f6')), 'user.note', Buffer.from('x')),
      ['f1', 'f2', 'f3', 'f4', 'f5', 'f6', 'file', 'link'],
    ],
    [
      'a file that hides one of below',
      () => {
        mkdirSync(join(tree, 'below'));
        write('below/name', 'above');
      },
      ['f1', 'f2', 'f3', 'f4', 'f5', 'f6', 'file', 'link', 'name'],
    ],
    [
      'what is below',
      () => site.files('app', { Dockerfile: dockerfile('other') }),
      ['f1', 'f2', 'f3', 'f4', 'f5', 'f6', 'file', 'link', 'name'],
    ],
    [
      'that one gone',
      () => rmSync(join(tree, 'below/name')),
      ['f1', 'f2', 'f3', 'f4', 'f5', 'f6', 'file', 'link'],
    ],
    ['one gone that the others are left to', () => rmSync(join(tree, 'd0/e0/f0')), 'all'],
    [
      'a directory where a file was',
      () => {
        rmSync(join(tree, 'd1/e1/f1'));
        mkdirSync(join(tree, 'd1/e1/f1'));
        write('d1/e1/f1/inside', 'x');
      },
      'all',
    ],
    [
      'a third of them',
      () => {
        for (let i = 50; i < 120; i++) write(`d${i % 7}/e${i % 3}/f${i}`, `other ${i}\n`);
      },
      'all',
    ],
    ['another name', () => renameSync(join(tree, 'd6/e0/f6'), join(tree, 'd6/e0/renamed')), 'all'],
  ];

  test.each(edits.map((row, index) => [...row, index % 2 === 0] as const))(
    '%s',
    async (_title, edit, written, isImageFirst) => {
      edit();
      const before = snapshots();
      const context = wholeContext();
      const [nearly, wanted] = await Promise.all([
        build(site.path('app'), {}, isImageFirst),
        build(context, whole, true),
      ]);
      expect(partialSince(before).map(filesOf)).toEqual(written === 'all' ? [] : [written]);
      expect(nearly).toEqual(wanted);
    },
  );

  /** Two copies of other files, of which the second leaves most to the first. */
  async function makeTwo(name: string) {
    const context = site.path(name);
    const before = snapshots();
    writeFileSync(join(context, 'tree/first'), name);
    await toImage(context, {});
    writeFileSync(join(context, 'tree/first'), `${name} again`);
    await toImage(context, {});
    const [id = 'none'] = partialSince(before);
    const rest = restOf(directoryOf(id)) ?? 'none';
    expect([filesOf(id).length, filesOf(rest).length]).toEqual([1, fileCount + 2]);
    return { context, id, rest, text: dockerfile('below') };
  }
  /** One more step looks at the files; those before it are answered. */
  const lookAgain = async (context: string, text: string) => {
    writeFileSync(join(context, 'Dockerfile'), text.replace(`RUN ${tell}`, `RUN true; ${tell}`));
    const said = await site.strata(['build', '--progress', 'plain', '--target', 'made', context]);
    expect(said).toMatchObject({ code: 0 });
    return said.stderr;
  };
  const namesIn = (directory: string, text: string) =>
    readdirSync(join(site.root, directory)).filter((each) =>
      readFileSync(join(site.root, directory, each), 'utf8').includes(text),
    );

  test('keeps what the rest is in from a prune that takes the earlier copy', async () => {
    const { context, id, rest, text } = await makeTwo('pruned');
    const ofEarlier = [...namesIn('steps', rest), ...namesIn('facts', rest)];
    expect(ofEarlier.length).toBeGreaterThan(1);
    for (const name of ofEarlier) {
      await site.strataOk(['prune', '--older-than', '0s', '--filter', `id=${name.replace('.json', '')}`]);
    }
    expect([...namesIn('steps', rest), ...namesIn('facts', rest)]).toEqual([]);
    expect(snapshots()).toContain(rest);
    expect(await lookAgain(context, text)).toMatch(/COPY tree \/tree\n#\d+ CACHED/);
    // And goes with the last that needs it.
    for (const name of namesIn('steps', id)) {
      await site.strataOk(['prune', '--older-than', '0s', '--filter', `id=${name.replace('.json', '')}`]);
    }
    await site.strataOk(['rmi', 'made']);
    await site.strataOk(['prune']);
    expect([...snapshots()].filter((each) => each === id || each === rest)).toEqual([]);
  });

  test('leaves files to that of a build that failed', async () => {
    const context = site.path('failed');
    const build = async (run: string) => {
      const before = snapshots();
      const text = dockerfile('below').replace(`RUN ${tell}`, `RUN ${run}`);
      writeFileSync(join(context, 'Dockerfile'), text);
      writeFileSync(join(context, 'tree/first'), run);
      const { code } = await site.strata(['build', '--target', 'made', context]);
      return { code, written: partialSince(before).map(filesOf) };
    };
    expect(await build('false')).toEqual({ code: 1, written: [] });
    expect(await build('true')).toEqual({ code: 0, written: [['first']] });
  });

  test('is unpacked whole where the rest is gone', async () => {
    const { context, id, rest, text } = await makeTwo('broken');
    rmSync(directoryOf(rest), { recursive: true });
    expect(await lookAgain(context, text)).toMatch(/COPY tree \/tree\n#\d+ CACHED/);
    expect(restOf(directoryOf(id))).toBeUndefined();
    expect(filesOf(id).length).toBeGreaterThan(fileCount - 10);
  });

  test('is written whole where secrets are looked for in it', async () => {
    const { context } = await makeTwo('secret');
    const before = snapshots();
    writeFileSync(join(context, 'tree/first'), 'a third time');
    writeFileSync(site.path('value'), 'nobody has written this anywhere');
    await site.strataOk(['build', '-q', '--secret', `id=s,src=${site.path('value')}`, context]);
    expect(partialSince(before)).toEqual([]);
    expect([...snapshots()].some((each) => !before.has(each) && filesOf(each).length > fileCount - 10)).toBe(
      true,
    );
  });
});
