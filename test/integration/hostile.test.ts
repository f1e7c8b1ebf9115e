/** Builds of what somebody made to get out of them. Outside lies a canary: nobody reads it, nobody writes it. */
import {
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { makeNode } from '../../src/sys/node.ts';
import { startLayout } from '../inspect/images.ts';
import { sandboxNeeds } from '../support/capabilities.ts';
import { type Outcome, runOk } from '../support/process.ts';
import { describeBuilds } from '../support/site.ts';
import { fileOf, type Member, memberOf, writeArchive } from '../tar/archive.ts';

const secret = 'canary-that-nobody-may-see';
const link = (path: string, target: string): Member => memberOf({ path, type: 'symlink', link: target });
const hardLink = (path: string, target: string): Member => memberOf({ path, type: 'hardlink', link: target });
const folder = (path: string): Member => memberOf({ path, type: 'directory', mode: 0o755 });

describeBuilds(sandboxNeeds, 'a build of something hostile', (site) => {
  const outside = site.path('outside');
  const canary = join(outside, 'canary');
  let count = 0;
  beforeAll(async () => {
    await site.makeBusyboxBase();
    site.files('outside', { canary: secret });
  });
  afterEach(() => {
    expect(readdirSync(outside)).toEqual(['canary']);
    expect(readFileSync(canary, 'utf8')).toBe(secret);
  });

  /** Builds to a directory; what comes out is searched for the canary. */
  const build = async (files: Record<string, string>, prepare: (context: string) => void = () => {}) => {
    const name = `case-${count++}`;
    const context = site.files(name, files);
    prepare(context);
    const out = site.path(`${name}-out`);
    const outcome = await site.strata(['build', '--progress', 'plain', '-o', out, context]);
    await expectNothingOf(out, outcome);
    return { ...outcome, out };
  };
  const expectNothingOf = async (out: string, { stdout, stderr }: Outcome) => {
    expect(stdout + stderr).not.toContain(secret);
    expect(
      await runOk('sh', ['-c', `grep -raF -D skip ${secret} ${out} ${site.root} 2>/dev/null | head -n 1`]),
    ).toBe('');
  };

  describe('context', () => {
    test.each<[title: string, dockerfile: string, code: number, files: string[]]>([
      ['a link to a file outside, by its name', 'COPY link /got', 1, []],
      ['a link to a directory outside, by a file in it', 'COPY dir/canary /got', 1, []],
      [
        'links outside, copied as the links they are',
        'COPY . /all/',
        0,
        ['all/dir -> outside', 'all/link -> canary'],
      ],
      ['a wildcard through a link', 'COPY dir/* /got/', 1, []],
      ['a name that climbs', 'COPY ../outside/canary /got', 1, []],
      ['an archive that is a link to one outside', 'ADD link /got', 1, []],
    ])('%s', async (_title, instruction, code, files) => {
      const result = await build(
        { Dockerfile: `FROM scratch\n${instruction}\n`, '.dockerignore': 'Dockerfile\n.dockerignore\n' },
        (context) => {
          symlinkSync(canary, join(context, 'link'));
          symlinkSync(outside, join(context, 'dir'));
        },
      );
      expect(result, result.stderr).toMatchObject({ code });
      if (code === 0) {
        const found = await runOk('find', [result.out, '-type', 'l', '-printf', '%P -> %f\n']);
        expect(found.split('\n').filter(Boolean)).toHaveLength(files.length);
      }
    });

    test('a fifo and a device of the host block nobody and are not read', async () => {
      const { code, out, stderr } = await build({ Dockerfile: 'FROM scratch\nCOPY . /\n' }, (context) => {
        makeNode(join(context, 'pipe'), 'fifo', 0o600, 0, 0);
        makeNode(join(context, 'disk'), 'block', 0o600, 254, 0);
      });
      expect(code, stderr).toBe(0);
      expect(await runOk('find', [out, '-size', '+1k', '-not', '-type', 'd'])).toBe('');
    });

    test('a directory that is swapped for a link outside while it is copied', async () => {
      const files = Object.fromEntries(
        Array.from({ length: 300 }, (_, index) => [`dir/${index}/canary`, `${index}`]),
      );
      const context = site.files('race', { Dockerfile: 'FROM scratch\nCOPY dir /dir\n', ...files });
      const away = join(site.dir, 'swapped');
      let isOver = false;
      const swapping = (async () => {
        for (let index = 0; !isOver; index = (index + 1) % 300) {
          const inner = join(context, 'dir', `${index}`);
          renameSync(inner, away);
          symlinkSync(outside, inner);
          await turn();
          unlinkSync(inner);
          renameSync(away, inner);
        }
      })();
      try {
        for (let round = 0; round < 6; round++) {
          const out = site.path(`race-${round}`);
          await expectNothingOf(out, await site.strata(['build', '--no-cache', '-o', out, context]));
        }
      } finally {
        isOver = true;
        await swapping;
      }
    });
  });

  describe('archive', () => {
    const add = (members: readonly Member[]) =>
      build({ Dockerfile: 'FROM scratch\nADD evil.tar /x/\n' }, (context) =>
        writeFileSync(join(context, 'evil.tar'), writeArchive(members)),
      );

    test.each<[string, Member[]]>([
      ['a name that climbs', [fileOf(`../../../../../../..${outside}/new`, 'x')]],
      ['a link and a name through it', [link('l', outside), fileOf('l/new', 'x')]],
      ['a chain of links', [link('a', 'b'), link('b', outside), fileOf('a/new', 'x')]],
      ['a link over which a file is written', [link('f', canary), fileOf('f', 'x')]],
      ['a hard link outside', [hardLink('h', canary), fileOf('h', 'x')]],
      ['a hard link through a link', [link('l', outside), hardLink('h', 'l/canary')]],
      ['an absolute name', [fileOf(`${outside}/new`, 'x')]],
    ])('with %s', async (_title, members) => {
      const { code } = await add(members);
      expect([0, 1]).toContain(code);
    });

    test('that claims to be larger than anything', async () => {
      const claim = { ...fileOf('big', 'x').entry, size: 2 ** 40 };
      const { code, stderr } = await add([{ entry: claim, content: Buffer.from('x') }]);
      expect([code, stderr]).toEqual([1, expect.stringContaining('error: ')]);
    });
  });

  describe('base', () => {
    const from = async (members: readonly Member[], dockerfile: string, compress = gzipSync) => {
      const name = `layout-${count++}`;
      const layout = startLayout(site.path(name));
      layout.name([['latest', await layout.image({ tars: [writeArchive(members)], compress })]]);
      const context = site.files(`${name}-context`, { Dockerfile: dockerfile, new: 'new' });
      const out = site.path(`${name}-out`);
      const flag = `base=oci-layout://${site.path(name)}:latest`;
      const outcome = await site.strata(['build', '--build-context', flag, '-o', out, context]);
      await expectNothingOf(out, outcome);
      return { ...outcome, out };
    };

    test.each<[string, Member[]]>([
      ['names that climb', [fileOf(`../../../../..${outside}/new`, 'x')]],
      ['a file through a link', [link('l', outside), fileOf('l/new', 'x')]],
      ['a whiteout through a link', [link('l', outside), fileOf('l/.wh.canary', '')]],
      ['a whiteout of everything above', [fileOf('.wh...', '')]],
      ['a whiteout of nothing', [fileOf('.wh.', '')]],
      ['an opaque directory through a link', [link('l', outside), fileOf('l/.wh..wh..opq', '')]],
      ['a hard link outside', [hardLink('h', `../../../../..${canary}`)]],
    ])('with %s', async (_title, members) => {
      const { code } = await from([folder('bin'), ...members], 'FROM base\nCOPY new /l/\n');
      expect([0, 1]).toContain(code);
    });

    test.each([
      ['a file', 'COPY --from=base /l/canary /got'],
      ['a directory', 'COPY --from=base /l /got'],
      ['a wildcard', 'COPY --from=base /l/c* /got/'],
      ['a mount', 'RUN --mount=type=bind,from=base,source=/l,target=/m cat /m/canary'],
    ])('whose link leads outside, copied from: %s', async (_title, instruction) => {
      const members = [folder('bin'), link('l', outside)];
      const { code } = await from(members, `FROM strata-base/busybox\n${instruction}\n`);
      expect(code).toBe(1);
    });

    test('whose account files are links outside', async () => {
      site.files('outside-accounts', { passwd: 'evil:x:4242:4242::/:/bin/sh\n' });
      const members = [folder('etc'), link('etc/passwd', join(site.path('outside-accounts'), 'passwd'))];
      const { code, out } = await from(members, 'FROM base\nCOPY --chown=evil new /new\n');
      expect([code, statSync(join(out, 'new')).uid]).toEqual([0, 0]);
      rmSync(site.path('outside-accounts'), { recursive: true });
    });
  });

  test('a stage that makes links outside, and another that copies by them', async () => {
    const { code, stderr } = await build({
      Dockerfile: `FROM strata-base/busybox AS trick\nRUN ln -s ${outside} /l && ln -s /proc/self/root /r
FROM scratch\nCOPY --from=trick /l/canary /one\nCOPY --from=trick /r${canary} /two\n`,
    });
    expect([code, stderr]).toEqual([1, expect.stringContaining('not found')]);
  });

  test('a step that makes a link where the next one writes', async () => {
    const { code } = await build({
      Dockerfile: `FROM strata-base/busybox\nRUN ln -s ${outside} /srv\nWORKDIR /srv/app\nCOPY new /srv/new\nRUN echo x > /srv/more\n`,
      new: 'x',
    });
    expect([0, 1]).toContain(code);
  });
});
