/** Waste of images that are built for real: each tied to the Dockerfile's lines, with what to do about it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { ImageReport } from '../../src/inspect/report.ts';
import { sandboxNeeds } from '../support/capabilities.ts';
import { describeBuilds } from '../support/site.ts';

const base = 'FROM strata-base/busybox';
/** As many bytes that do not repeat, written by a RUN. */
const bytes = (count: number, path: string) => `head -c ${count} /dev/urandom > ${path}`;

describeBuilds(sandboxNeeds, 'what a Dockerfile wastes', (site) => {
  let context: string;
  beforeAll(async () => {
    await site.makeBusyboxBase();
    context = site.files('app', {
      'src/main.js': 'main\n'.repeat(4000),
      'pkg/left.js': 'left\n'.repeat(6000),
    });
    mkdirSync(join(context, '.git/objects'), { recursive: true });
    writeFileSync(join(context, '.git/objects/pack'), 'history\n'.repeat(3000));
  });

  async function inspect(name: string, lines: readonly string[]): Promise<ImageReport> {
    writeFileSync(join(context, 'Dockerfile'), `${lines.join('\n')}\n`);
    await site.strataOk(['build', '-q', '-t', name, context]);
    return JSON.parse(await site.strataOk(['inspect', '--json', name]));
  }

  /** `deleted 30000 4>7 keep it out of the layer`: kind, bytes, lines, the suggestion's beginning. */
  function said({ waste, layers }: ImageReport): string[] {
    const line = (layer: number | null) => (layer === null ? '' : (layers[layer]?.source?.line ?? 'base'));
    return waste.items
      .filter(({ isInBase }) => !isInBase)
      .map(({ kind, bytes: size, layer, otherLayer, suggestion }) => {
        const by = otherLayer === null ? '' : `>${line(otherLayer)}`;
        return `${kind} ${size} ${line(layer)}${by} ${suggestion.split(/[,:(]/)[0]}`;
      })
      .sort();
  }

  const lists = '/var/lib/apt/lists';
  test.each<[title: string, lines: string[], want: string[]]>([
    [
      'package lists are left',
      [`RUN mkdir -p ${lists} && ${bytes(30_000, `${lists}/main`)}`],
      ['left-behind 30000 2 keep it out of the layer'],
    ],
    [
      'package lists are deleted by a line of their own',
      [`RUN mkdir -p ${lists} && ${bytes(30_000, `${lists}/main`)}`, 'RUN true', `RUN rm -rf ${lists}/*`],
      ['deleted 30000 2>4 keep it out of the layer'],
    ],
    [
      'a download is deleted too late, over a line of several lines',
      [
        'RUN mkdir /opt && \\',
        `    ${bytes(40_000, '/opt/archive')} && \\`,
        '    true',
        'RUN rm /opt/archive',
      ],
      ['deleted 40000 2>5 join the two RUN lines with &&'],
    ],
    [
      'chown of what was copied',
      ['COPY src /app', 'RUN chown -R 1000:1000 /app'],
      ['copied 20000 2>3 give COPY the flag --chown instead'],
    ],
    [
      'chmod of what a RUN made',
      [`RUN ${bytes(9000, '/tool')}`, 'RUN chmod 755 /tool'],
      ['copied 9000 2>3 do the chmod in the step that makes the files'],
    ],
    [
      'a cache of pip',
      [`RUN mkdir -p /root/.cache/pip && ${bytes(25_000, '/root/.cache/pip/wheel')}`],
      ['left-behind 25000 2 keep it out of the layer'],
    ],
    [
      'the history of the sources is copied',
      ['COPY . /app'],
      ['left-behind 24000 2 name it in .dockerignore'],
    ],
    [
      'packages are copied twice, and chowned after that',
      ['COPY pkg /a/node_modules', 'RUN cp -r /a/node_modules /node_modules', 'RUN chown -R 5 /a'],
      [
        'copied 30000 2>4 give COPY the flag --chown instead',
        'duplicate 30000 3>2 if only this RUN needs the copied files',
      ],
    ],
    [
      'a file is copied over',
      ['COPY src/main.js /app.js', 'COPY pkg/left.js /app.js'],
      ['overwritten 20000 2>3 copy them once'],
    ],
  ])('%s', async (title, lines, want) => {
    expect(said(await inspect(title.replaceAll(/\W+/g, '-').toLowerCase(), [base, ...lines]))).toEqual(want);
  });

  test('nothing is said of a Dockerfile that wastes nothing', async () => {
    const report = await inspect('good', [
      `${base} AS build`,
      'COPY . /src',
      `RUN ${bytes(50_000, '/src/out')} && chown -R 7 /src`,
      base,
      `RUN --mount=type=cache,target=/var/lib/apt mkdir -p ${lists} && ${bytes(30_000, `${lists}/main`)}`,
      `RUN ${bytes(30_000, '/tmp/archive')} && mkdir -p /opt && cp /tmp/archive /opt/tool && rm /tmp/archive`,
      'COPY --from=build --chown=7 /src/out /app',
      'COPY --chown=7 src /srv',
    ]);
    expect(said(report)).toEqual([]);
    expect(report.efficiency.wastedBytes).toBe(0);
    expect(await site.strataOk(['inspect', 'good'])).not.toContain('→');
  });

  test('the terminal names the lines', async () => {
    const name = 'packages-are-copied-twice-and-chowned-after-that';
    const text = await site.strataOk(['inspect', name]);
    expect(text).toMatch(/^ {2}30\.0kB {2}layer 1 Dockerfile:2 COPY pkg \/a\/node_modules$/m);
    expect(text).toMatch(/stored again for another owner: layer 3 Dockerfile:4 RUN chown -R 5 \/a$/m);
  });
});
