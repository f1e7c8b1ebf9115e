import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBuildRecords } from '../../src/build/record/build-records.ts';
import type { Digest } from '../../src/core/digest.ts';
import { instructionOf } from '../../src/inspect/layers/instruction.ts';
import type { LayerReport } from '../../src/inspect/report.ts';
import { file } from '../support/image-parts.ts';
import { runOk } from '../support/process.ts';
import { expectGolden, strata } from './cli.ts';
import { fixture, open, openScratch, startLayout } from './images.ts';

const scratch = openScratch();
afterAll(() => scratch.remove());
const app = 'fixtures/images/app-1.tar';

describe('exact output for a kept image', () => {
  test.each<[golden: string, args: string[], columns: number | undefined]>([
    ['inspect.txt', [], undefined],
    ['inspect-80.txt', [], 80],
    ['inspect-no-trunc.txt', ['--no-trunc'], undefined],
    ['inspect-files.txt', ['--files'], undefined],
    ['inspect-layer.txt', ['--layer', '4', '--files'], undefined],
    ['inspect.json', ['--json'], undefined],
    ['inspect-files.json', ['--json', '--files'], undefined],
  ])('%s', async (golden, args, columns) => {
    const terminal = columns === undefined ? {} : { columns, env: { NO_COLOR: '1' } };
    const { code, stdout, stderr } = await strata(['inspect', ...args, app], terminal);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expectGolden(golden, stdout);
  });

  test.each([36, 44, 56, 60, 80, 100, 132])(
    'no line is wider than a terminal of %i columns',
    async (columns) => {
      const { stdout } = await strata(['inspect', app], { columns, env: { NO_COLOR: '1' } });
      expect(stdout.split('\n').filter((line) => line.length > columns)).toEqual([]);
    },
  );

  test('colours are for terminals, and not for those who refuse them', async () => {
    const color = '\x1b[';
    expect((await strata(['inspect', app], { columns: 80 })).stdout).toContain(color);
    expect((await strata(['inspect', app], { columns: 80, env: { NO_COLOR: '1' } })).stdout).not.toContain(
      color,
    );
    expect((await strata(['inspect', app], { columns: 80, env: { TERM: 'dumb' } })).stdout).not.toContain(
      color,
    );
    expect((await strata(['inspect', app])).stdout).not.toContain(color);
  });

  test('control characters of an image do not reach the terminal', async () => {
    const layout = startLayout(scratch.path('hostile'));
    const evil = '\x1b]0;owned\x07\x1b[2J';
    const config = { config: { Labels: { evil }, Env: [`A=${evil}`] }, author: evil };
    const history = [{ created_by: `RUN ${evil}` }];
    layout.name([[undefined, await layout.image({ layers: [[file(`e${evil}f`)]], config, history })]]);
    const { stdout } = await strata(['inspect', '--files', layout.directory], { env: {} });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/);
    expect(stdout).toContain('owned');
  });
});

describe('the report agrees with others', () => {
  test('skopeo and umoci on config, digests and history', async () => {
    const report = JSON.parse((await strata(['inspect', '--json', app])).stdout);
    const skopeo = JSON.parse(await runOk('skopeo', ['inspect', `oci-archive:${fixture('app-1.tar')}`]));
    expect(report.image.manifestDigest).toBe(skopeo.Digest);
    expect(report.layers.map((layer: { digest: string }) => layer.digest)).toEqual(skopeo.Layers);
    expect(report.config.Env).toEqual(skopeo.Env);
    expect(report.config.Labels).toEqual(skopeo.Labels);
    expect(report.image.created).toBe(skopeo.Created);
    const raw = JSON.parse(
      await runOk('skopeo', ['inspect', '--raw', `oci-archive:${fixture('app-1.tar')}`]),
    );
    const sizes = raw.layers.map((layer: { size: number }) => layer.size);
    expect(report.layers.map((layer: { size: { stored: number } }) => layer.size.stored)).toEqual(sizes);

    await runOk('skopeo', [
      'copy',
      '--quiet',
      `oci-archive:${fixture('app-1.tar')}`,
      `oci:${scratch.path('umoci')}:app`,
    ]);
    const stat = JSON.parse(
      await runOk('umoci', ['stat', '--json', '--image', `${scratch.path('umoci')}:app`]),
    );
    const made = stat.history.filter((entry: { empty_layer?: boolean }) => entry.empty_layer !== true);
    expect(report.layers.map((layer: { diffID: string }) => layer.diffID)).toEqual(
      made.map((entry: { diff_id: string }) => entry.diff_id),
    );
    expect(report.history.map((entry: { createdBy: string }) => entry.createdBy)).toEqual(
      stat.history.map((entry: { created_by: string }) => entry.created_by),
    );
  });

  test('umoci on the files of the finished image', async () => {
    const layout = scratch.path('umoci-files');
    await runOk('skopeo', ['copy', '--quiet', `oci-archive:${fixture('app-1.tar')}`, `oci:${layout}:app`]);
    await runOk('umoci', ['unpack', '--image', `${layout}:app`, scratch.path('bundle')]);
    const listed = await runOk('find', [
      scratch.path('bundle/rootfs'),
      '-mindepth',
      '1',
      '-printf',
      '%P\\t%m\\t%U:%G\\t%y\\t%s\\0',
    ]);
    const letters: Record<string, string> = { file: 'f', hardlink: 'f', directory: 'd', symlink: 'l' };
    const { files } = JSON.parse((await strata(['inspect', '--json', '--files', app])).stdout);
    const sizes = new Map<string, number>(
      files.map((each: { path: string; size: number }) => [each.path, each.size]),
    );
    const got = files.map(
      (each: {
        path: string;
        mode: string;
        uid: number;
        gid: number;
        type: string;
        size: number;
        link?: string;
      }) => {
        const size = each.type === 'hardlink' ? sizes.get(each.link ?? '') : each.size;
        const mode = each.type === 'symlink' ? '777' : String(Number.parseInt(each.mode, 8).toString(8));
        return `${each.path.slice(1)}\t${mode}\t${each.uid}:${each.gid}\t${letters[each.type]}${each.type === 'file' || each.type === 'hardlink' ? `\t${size}` : ''}`;
      },
    );
    const want = listed
      .split('\0')
      .filter((line) => line !== '')
      .map((line) => (/\tf\t\d+$/.test(line) ? line : line.replace(/\t\d+$/, '')));
    expect(got.sort()).toEqual(want.sort());
  });

  test('sums add up', async () => {
    const { layers, size, waste } = JSON.parse((await strata(['inspect', '--json', app])).stdout);
    const sum = (pick: (layer: { size: Record<string, number> }) => number | undefined) =>
      layers.reduce(
        (total: number, layer: { size: Record<string, number> }) => total + (pick(layer) ?? 0),
        0,
      );
    expect(sum((layer) => layer.size.stored)).toBe(size.stored);
    expect(sum((layer) => layer.size.content)).toBe(size.content);
    expect(sum((layer) => layer.size.tar)).toBe(size.tar);
    expect(sum((layer) => layer.size.hidden)).toBe(waste.hiddenBytes);
    expect(size.visible + waste.hiddenBytes).toBe(size.content);
  });
});

describe('what the store knows', () => {
  const root = scratch.path('root');
  beforeAll(async () => {
    mkdirSync(root, { recursive: true });
    const layout = startLayout(`${root}/images`);
    const base = { created_by: 'ADD base' };
    const built = { created_by: 'RUN one', comment: 'buildkit.dockerfile.v0' };
    const low = [[file('a')], [file('b')]];
    const bottom = await layout.image({ layers: low, history: [base, built] });
    const app1 = await layout.image({ layers: [...low, [file('c')]], history: [base, built, built] });
    const app2 = await layout.image({
      layers: [...low, [file('c')], [file('d')]],
      history: [base, built, built, built],
    });
    layout.name([
      ['docker.io/library/base:1', bottom],
      ['docker.io/library/app:1', app1],
      ['docker.io/library/app:2', app2],
      ['docker.io/library/other:2', app2],
    ]);
  });
  const inspect = async (name: string) =>
    JSON.parse((await strata(['--root', root, 'inspect', '--json', name])).stdout);

  test('the base is the image whose layers it begins with, not an older self', async () => {
    expect((await inspect('app:2')).base).toEqual({
      count: 2,
      knownBy: 'store',
      name: 'docker.io/library/base:1',
    });
  });

  test('without one, the history tells', async () => {
    expect((await inspect('base:1')).base).toEqual({ count: 1, knownBy: 'history', name: null });
  });

  test('layers are counted over other images', async () => {
    const { layers } = await inspect('app:1');
    expect(layers.map((layer: { sharedWith: string[] }) => layer.sharedWith)).toEqual([
      ['docker.io/library/base:1', 'docker.io/library/app:2'],
      ['docker.io/library/base:1', 'docker.io/library/app:2'],
      ['docker.io/library/app:2'],
    ]);
  });

  test('the newest build of this image says which step made a layer', async () => {
    const image = await open('app:1', root);
    const { config, layers } = image.manifest;
    const [, , top] = layers;
    const builds = openBuildRecords(root);
    const add = (configDigest: Digest, line: number | undefined, result: 'cached' | 'run') =>
      builds.add(
        {
          schema: 2,
          startedAt: 0,
          finishedAt: 900,
          outcome: 'done',
          context: '/src',
          tags: ['app:1'],
          images: [{ platform: 'linux/amd64', digest: config.digest, configDigest, layers: [] }],
          work: [],
          pushes: [],
          plans: [
            {
              platform: 'linux/amd64',
              steps: [
                {
                  id: 'stage-0/1',
                  label: '[2/2] RUN one',
                  stage: '',
                  text: 'RUN one',
                  result,
                  durationMs: 800,
                  ...(line === undefined ? {} : { line }),
                  ...(top === undefined ? {} : { layer: { digest: top.digest, sizeBytes: top.size } }),
                },
              ],
            },
          ],
        },
        [],
      );
    const sources = async () =>
      (await inspect('app:1')).layers.map((layer: { source: unknown }) => layer.source);
    expect(await sources()).toEqual([null, null, null]);
    const common = { dockerfile: 'Dockerfile', step: '[2/2] RUN one', durationMs: 800 };
    add(config.digest, undefined, 'cached');
    expect(await sources()).toEqual([null, null, { ...common, line: null, result: 'cached' }]);
    add(config.digest, 7, 'run');
    add(`sha256:${'0'.repeat(64)}`, 9, 'run');
    expect(await sources()).toEqual([null, null, { ...common, line: 7, result: 'run' }]);
    const { stdout } = await strata(['--root', root, 'inspect', 'app:1']);
    expect(stdout).toContain('    Dockerfile:7 (run in 0.8s) RUN one\n');
  });

  test('a build of ours leaves all of it', async () => {
    const context = scratch.path('context');
    mkdirSync(context);
    writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\n\nCOPY one /\nCOPY --chown=5 two /\n');
    for (const name of ['one', 'two']) writeFileSync(join(context, name), name);
    const own = scratch.path('own');
    const build = ['--root', own, 'build', '--progress', 'quiet', '-t', 'made', context];
    const layersAfter = async () => {
      expect(await strata(build)).toMatchObject({ code: 0 });
      const { stdout } = await strata(['--root', own, 'inspect', '--json', 'made']);
      return JSON.parse(stdout).layers.map(({ instruction, source }: LayerReport) => [
        instruction,
        source?.line,
        source?.result,
      ]);
    };
    expect(await layersAfter()).toEqual([
      ['COPY one /', 3, 'run'],
      ['COPY --chown=5 two /', 4, 'run'],
    ]);
    expect(await layersAfter()).toEqual([
      ['COPY one /', 3, 'cached'],
      ['COPY --chown=5 two /', 4, 'cached'],
    ]);
  });

  test.each(['first', 'second'])('of the names that its base has, the build tells %s', async (name) => {
    const own = scratch.path('named');
    const build = async (tags: readonly string[], dockerfile: string) => {
      const context = scratch.path(`context-${tags.join('-')}`);
      mkdirSync(context, { recursive: true });
      writeFileSync(join(context, 'Dockerfile'), dockerfile);
      const names = tags.flatMap((tag) => ['-t', tag]);
      expect(await strata(['--root', own, 'build', '--progress', 'quiet', ...names, context])).toMatchObject({
        code: 0,
      });
    };
    await build(['first', 'second'], 'FROM scratch\nCOPY Dockerfile /\n');
    await build(['child'], `FROM ${name}\nWORKDIR /made\nCOPY Dockerfile /made/${name}\n`);
    const { stdout } = await strata(['--root', own, 'inspect', '--json', 'child']);
    expect(JSON.parse(stdout).base).toEqual({
      count: 1,
      knownBy: 'store',
      name: `docker.io/library/${name}:latest`,
    });
  });
});

test.each<[createdBy: string, instruction: string]>([
  ['RUN /bin/sh -c make install # buildkit', 'RUN make install'],
  ['RUN |2 A=1 B=two words /bin/sh -c make # buildkit', 'RUN make'],
  ['RUN /bin/bash -o pipefail -c a | b # buildkit', 'RUN /bin/bash -o pipefail -c a | b'],
  ['RUN /bin/bash -eo pipefail -c x # buildkit', 'RUN /bin/bash -eo pipefail -c x'],
  ['COPY . /app # buildkit', 'COPY . /app'],
  ['/bin/sh -c #(nop)  CMD ["bash"]', 'CMD ["bash"]'],
  ['/bin/sh -c #(nop) ADD file:abc in / ', 'ADD file:abc in /'],
  ['/bin/sh -c apt-get update', 'RUN apt-get update'],
  ['|1 V=1 /bin/sh -c make', 'RUN make'],
  ['WORKDIR /srv', 'WORKDIR /srv'],
  ['umoci raw add-layer', 'umoci raw add-layer'],
  ['', ''],
])('the instruction in %j is %j', (createdBy, instruction) => {
  expect(instructionOf(createdBy)).toBe(instruction);
});
