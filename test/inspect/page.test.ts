import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BuildReport, StepReport } from '../../src/build/record/build-report.ts';
import type { FileColumns, PageImage, PageSubject } from '../../src/cli/page/data.ts';
import { readPageAssets, renderPage } from '../../src/cli/page/render-page.ts';
import { pageImage } from '../../src/cli/page/write-page.ts';
import { compareImages } from '../../src/inspect/diff/compare-images.ts';
import { inspectImage } from '../../src/inspect/inspect-image.ts';
import { describeWith, findProgram } from '../support/capabilities.ts';
import { file } from '../support/image-parts.ts';
import { strata } from './cli.ts';
import { fixture, open, openScratch, startLayout } from './images.ts';
import { elementCount, leastContrast, namelessElements, pageWidth } from './page-probes.ts';

const unknown = { catalog: [], buildOf: () => ({ sources: new Map() }) };
const scratch = openScratch();
afterAll(() => scratch.remove());

/** Draws data of our own; `strata inspect --html` is tried where a command line is what matters. */
function writePage(name: string, subject: PageSubject): string {
  const path = scratch.path(name);
  writeFileSync(path, renderPage({ madeBy: 'strata test', subject }, readPageAssets()));
  return path;
}
const writeImage = (name: string, image: PageImage) => writePage(name, { kind: 'image', image });

const buildStep = (
  label: string,
  stage: string,
  at: number | null,
  durationMs: number,
  dependsOn: number[] = [],
): StepReport => ({
  platform: 'linux/amd64',
  label,
  stage,
  text: label,
  line: 1,
  result: at === null ? 'cached' : 'run',
  from: at === null ? 'store' : null,
  startedAt: at,
  durationMs,
  key: null,
  dependsOn,
  layer: null,
  causes: at === null ? [] : ['never built before'],
});

/** Two stages at the same time, and a third that waits for both. */
const finishedBuild: BuildReport = {
  schemaVersion: 1,
  build: 12,
  outcome: 'done',
  error: null,
  startedAt: 0,
  finishedAt: 10_000,
  context: '/src',
  dockerfile: null,
  target: null,
  names: ['app:1'],
  previous: null,
  summary: {
    build: 12,
    outcome: 'done',
    wallMs: 10_000,
    steps: { cached: 1, run: 3, failed: 0, notReached: 0 },
    slowest: [],
    layers: { reused: { count: 1, bytes: 5000 }, new: { count: 1, bytes: 700 }, inLast: null },
    pushes: [{ repository: 'registry.test/app', sentBytes: 700, thereBytes: 5000 }],
  },
  images: [
    {
      platform: 'linux/amd64',
      digest: `sha256:${'1'.repeat(64)}`,
      configDigest: `sha256:${'2'.repeat(64)}`,
      layers: [],
    },
  ],
  steps: [
    buildStep('[a 1/1] RUN slow', 'a', 0, 6000),
    buildStep('[b 1/1] RUN fast', 'b', 0, 3000),
    buildStep('[c 1/2] WORKDIR /x', 'c', null, 0),
    buildStep('[c 2/2] COPY both', 'c', 6000, 3000, [2, 0, 1]),
  ],
  criticalPath: [0, 3],
  work: [{ label: 'pushing registry.test/app:1', startedAt: 9000, durationMs: 1000 }],
  pushes: [
    {
      repository: 'registry.test/app',
      sent: { blobs: 1, bytes: 700 },
      mounted: { blobs: 0, bytes: 0 },
      skipped: { blobs: 1, bytes: 5000 },
    },
  ],
};

describeWith(['chromium'], 'the page in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    const executablePath = findProgram('chromium', 'chromium-browser') ?? '';
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  });
  afterAll(() => browser.close());

  /** Everything that went wrong or was asked of a network while a page was open. */
  let complaints: string[] = [];

  async function visit(
    path: string,
    use: (page: Page) => Promise<void>,
    options: BrowserContextOptions = {},
  ): Promise<void> {
    complaints = [];
    const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
    try {
      const page = await context.newPage();
      const url = pathToFileURL(path).href;
      page.on('console', (message) => complaints.push(`console: ${message.text()}`));
      page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
      page.on('request', (request) => {
        if (request.url() !== url) complaints.push(`request: ${request.url()}`);
      });
      await page.goto(url);
      await page.waitForSelector('footer');
      await use(page);
      const shots = process.env.STRATA_TEST_SCREENSHOTS;
      if (shots !== undefined) {
        mkdirSync(shots, { recursive: true });
        await page.screenshot({
          path: `${shots}/${expect.getState().currentTestName?.replace(/\W+/g, '-')}.png`,
          fullPage: true,
        });
      }
      expect(complaints).toEqual([]);
    } finally {
      await context.close();
    }
  }

  const rowsOf = (page: Page, caption: string) =>
    page
      .getByRole('table', { name: caption })
      .locator('tbody tr')
      .evaluateAll((rows) =>
        rows.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent)),
      );

  async function keptPage(): Promise<string> {
    return writeImage('app.html', pageImage(await inspectImage(await open(fixture('app-1.tar')), unknown)));
  }

  test('shows the numbers of the report', async () => {
    const html = scratch.path('cli.html');
    const { code, stderr } = await strata(['inspect', '--html', html, 'fixtures/images/app-1.tar']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: `wrote ${html}\n` });
    await visit(html, async (page) => {
      expect(await page.title()).toBe('fixtures/images/app-1.tar');
      expect(await page.locator('.figures > div').allInnerTexts()).toEqual([
        'Stored\n12.8kB\ncompressed',
        'Files in all layers\n224kB',
        'Files to be seen\n141kB',
        'Wasted\n82.9kB\n37.0 %, hidden by later layers',
        'Efficiency\n79.2 %\nas dive counts',
        'Layers\n6\n1 of the base, 5 above',
      ]);
      const layers = await page.locator('.layer summary').allInnerTexts();
      expect(layers.map((text) => text.split('\n').map((part) => part.trim()))).toEqual([
        ['0', 'ADD file:7c1d in /', '14.8kB', '+8 ~0 −0'],
        ['1', 'RUN apt-get update && apt-get install -y gcc', '68.3kB', '+5 ~1 −0'],
        ['2', 'COPY . /app', '50.2kB', '+3 ~0 −0'],
        ['3', 'RUN chown -R 1000:1000 /app', '50.2kB', '+0 ~3 −0'],
        ['4', 'RUN cp app/data.bin srv && rm -rf /var/lib/apt/lists', '40.1kB', '+2 ~0 −2'],
        ['5', 'COPY app.conf /etc/app/', '600B', '+1 ~0 −1'],
      ]);
      expect(await page.locator('.waste > li').count()).toBe(7);
      expect(await rowsOf(page, 'What / holds')).toEqual([
        ['app/', '50.2kB', '35.5 %', '3', '3'],
        ['srv/', '40.1kB', '28.4 %', '2', '4'],
        ['usr/', '28.0kB', '19.8 %', '3', '1'],
        ['var/', '17.6kB', '12.5 %', '2', '1'],
        ['bin/', '4.00kB', '2.8 %', '3', '0'],
        ['etc/', '1.40kB', '1.0 %', '3', '0'],
      ]);
    });
  });

  test('draws the stack to scale', async () => {
    await visit(await keptPage(), async (page) => {
      const { widths, hidden } = await page.locator('.bar').evaluate((bar) => ({
        widths: [...bar.children].map((each) => each.getBoundingClientRect().width),
        hidden: [...bar.children].map((each) => each.firstElementChild?.getBoundingClientRect().width ?? 0),
      }));
      const total = widths.reduce((a, b) => a + b, 0);
      const bytes = [14_800, 68_300, 50_200, 50_200, 40_100, 600];
      for (const [index, width] of widths.entries())
        expect(width / total).toBeCloseTo((bytes[index] ?? 0) / 224_200, 2);
      expect((hidden[1] ?? 0) / (widths[1] ?? 1)).toBeCloseTo(30_700 / 68_300, 2);
      expect((hidden[2] ?? 0) / (widths[2] ?? 1)).toBeCloseTo(1, 2);
      expect(
        await page
          .getByRole('img', {
            name: /^6 layers, 224kB of files: base image 14\.8kB; new in this image 209kB/,
          })
          .count(),
      ).toBe(1);
    });
  });

  test('opens a layer and shows its files, by the keyboard alone', async () => {
    await visit(await keptPage(), async (page) => {
      const summary = page.locator('.layer summary').nth(1);
      await summary.focus();
      await page.keyboard.press('Enter');
      expect(await page.locator('.layer').nth(1).locator('dl').innerText()).toContain(
        '/bin/sh -c apt-get update',
      );
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      expect(await page.getByLabel('Layer', { exact: true }).inputValue()).toBe('1');
      expect(await page.locator('#files [role=status]').last().innerText()).toBe(
        '68.3kB in 6 files beneath /, 30.7kB of it hidden by later layers',
      );
    });
  });

  test('opens directories in the table and in the drawing, and goes back', async () => {
    await visit(await keptPage(), async (page) => {
      await page.getByRole('button', { name: 'var/' }).focus();
      await page.keyboard.press('Enter');
      expect((await rowsOf(page, 'What /var holds')).map(([name]) => name)).toEqual(['cache/', 'lib/']);
      await page.getByRole('navigation', { name: 'Directory' }).getByRole('button', { name: '/' }).click();
      await page
        .locator('.treemap g.opens', { has: page.locator('title', { hasText: /^\/app\n/ }) })
        .first()
        .click({ position: { x: 5, y: 5 } });
      expect((await rowsOf(page, 'What /app holds')).map(([name]) => name)).toEqual([
        'data.bin',
        '.git/',
        'main.c',
      ]);
    });
  });

  test('weighs hidden files when asked to', async () => {
    await visit(await keptPage(), async (page) => {
      const status = page.locator('#files [role=status]').last();
      expect(await status.innerText()).toBe('141kB in 16 files beneath /');
      await page.getByLabel(/hide \(darker\)/).check();
      expect(await status.innerText()).toBe(
        '224kB in 23 files beneath /, 82.9kB of it hidden by later layers',
      );
    });
  });

  test('finds files of all layers', async () => {
    await visit(await keptPage(), async (page) => {
      await page.getByLabel('Find files of all layers by a part of their path').fill('DATA.bin');
      await page.getByText('3 matches').waitFor();
      expect(await rowsOf(page, 'Files found')).toEqual([
        ['/app/data.bin', '2', 'added, hidden by layer 3', '0644', '0:0', '40.0kB'],
        ['/app/data.bin', '3', 'changed', '0644', '1000:1000', '40.0kB'],
        ['/srv/data.bin', '4', 'added', '0644', '0:0', '40.0kB'],
      ]);
      await page.getByLabel('Find files of all layers by a part of their path').fill('nothing like it');
      await page.getByText('0 matches').waitFor();
      expect(await page.getByRole('table', { name: 'Files found' }).count()).toBe(0);
    });
  });

  test.each(['light', 'dark'] as const)('is legible in %s colours', async (colorScheme) => {
    await visit(
      await keptPage(),
      async (page) => {
        expect(await page.evaluate<number>(leastContrast)).toBeGreaterThan(4.5);
      },
      { colorScheme },
    );
  });

  test('everything has a name for those who hear it', async () => {
    await visit(await keptPage(), async (page) => {
      expect(await page.evaluate<string[]>(namelessElements)).toEqual([]);
      const headings = await page.getByRole('heading').allInnerTexts();
      expect(headings.slice(1)).toEqual(['Layers', 'Waste', 'Files', 'Config', 'History']);
      const ids = await page.locator('[id]').evaluateAll((all) => all.map(({ id }) => id));
      expect(new Set(ids).size).toBe(ids.length);
    });
  });

  test.each<[of: string, page: () => Promise<string>]>([
    ['an image', keptPage],
    ['a build', async () => writePage('narrow.html', { kind: 'build', build: finishedBuild, images: [] })],
  ])('nothing of %s is cut off on a narrow screen', async (_of, drawn) => {
    await visit(
      await drawn(),
      async (page) => {
        expect(await page.evaluate<number>(pageWidth)).toBeLessThanOrEqual(380);
      },
      { viewport: { width: 380, height: 800 } },
    );
  });

  test('on paper, layers are unfolded and controls are gone', async () => {
    await visit(await keptPage(), async (page) => {
      const pdf = await page.pdf();
      expect(pdf.length).toBeGreaterThan(10_000);
      expect(await page.locator('.layer details:not([open])').count()).toBe(0);
      await page.emulateMedia({ media: 'print' });
      expect(await page.locator('.controls').first().isVisible()).toBe(false);
    });
  });

  test('text of an image is text', async () => {
    const layout = startLayout(scratch.path('hostile'));
    const evil = '</script><img src=x onerror=alert(1)>"\'&amp;<!--';
    const config = { config: { Labels: { [evil]: evil } }, author: evil };
    const history = [{ created_by: `RUN ${evil}` }];
    const target = await layout.image({ layers: [[file(`${evil.replaceAll('/', '')}`)]], config, history });
    layout.name([[evil, target]]);
    const image = await open(layout.directory);
    const inspection = await inspectImage({ ...image, reference: evil }, unknown);
    await visit(writeImage('hostile.html', pageImage(inspection)), async (page) => {
      expect(await page.locator('h1').innerText()).toBe(evil);
      expect(await page.locator('img').count()).toBe(0);
      expect(await page.locator('#config').innerText()).toContain(`${evil}=${evil}`);
    });
  });

  test('damage is told first', async () => {
    const layout = startLayout(scratch.path('damaged'));
    layout.name([[undefined, await layout.image({ layers: [[file('../a')]] })]]);
    const inspection = await inspectImage(await open(layout.directory), unknown);
    await visit(writeImage('damaged.html', pageImage(inspection)), async (page) => {
      expect(await page.locator('#findings li').allInnerTexts()).toEqual([
        'layer 0: "../a" has ".." in it [escaping-name]',
      ]);
    });
  });

  test('50,000 files do not freeze it', async () => {
    const inspection = await inspectImage(await open(fixture('app-1.tar')), unknown);
    const { report } = inspection;
    const path = writeImage('large.html', { report, files: manyFiles(50_000) });
    await visit(path, async (page) => {
      expect(await page.locator('#files [role=status]').last().innerText()).toContain(
        'in 50,000 files beneath /',
      );
      expect(await page.locator('.treemap g').count()).toBeGreaterThan(300);
      const drawn = await page.evaluate<number>(elementCount);
      await page.locator('.search input[type=search]').fill('file-4');
      await page.getByText(/matches$/).waitFor();
      const rows = page.getByRole('table', { name: 'Files found' }).locator('tbody tr');
      expect(await rows.count()).toBe(200);
      await page
        .locator('.search')
        .getByRole('button', { name: /^Show 200 more of/ })
        .click();
      expect(await rows.count()).toBe(400);
      // A page that lays out every file takes minutes: a file is several elements.
      expect(drawn).toBeLessThan(10_000);
      expect(await page.evaluate<number>(elementCount)).toBeLessThan(drawn + 401 * 12);
    });
  });

  function manyFiles(count: number): FileColumns {
    const names = [''];
    const parents = [-1];
    for (let each = 0; each < 500; each++) {
      names.push(`directory-${each}`);
      parents.push(each < 20 ? 0 : 1 + (each % 20));
    }
    for (let each = 0; each < count; each++) {
      names.push(`file-${each}`);
      parents.push(1 + (each % 500));
    }
    const all = Array.from({ length: count }, (_, each) => each);
    return {
      names,
      parents,
      node: all.map((each) => 501 + each),
      layer: all.map((each) => each % 6),
      type: '-'.repeat(count),
      change: '+'.repeat(count),
      mode: all.map(() => 0o644),
      owner: all.map(() => '0:0'),
      size: all.map((each) => ((each * 7919) % 10_000) + 1),
      hiddenBy: all.map(() => -1),
    };
  }

  test('two images beside each other', async () => {
    const compared = await compareImages(
      await open(fixture('app-1.tar')),
      await open(fixture('app-2.tar')),
      unknown,
    );
    const path = writePage('diff.html', {
      kind: 'comparison',
      a: pageImage(compared.a),
      b: pageImage(compared.b),
      comparison: compared.comparison,
      differences: [...compared.differences],
    });
    await visit(path, async (page) => {
      expect(await page.locator('.reasons > li').allInnerTexts()).toEqual([
        'files: 4 added, 3 removed, 1 with other content',
        expect.stringMatching(/^attributes of files: mode of 1\n+.*--chmod/),
        expect.stringMatching(/^config: /),
        expect.stringMatching(/^when they were built: .*\n+.*SOURCE_DATE_EPOCH$/),
      ]);
      expect(await page.locator('#layers p').first().innerText()).toBe(
        '3 shared layers of 6 in A and 5 in B: 1.67kB stored, 133kB of files. Not shared: 11.1kB stored in A, 10.7kB in B.',
      );
      expect((await rowsOf(page, 'Layers beside each other')).map((cells) => cells.at(-1))).toEqual([
        'shared',
        'shared',
        'shared',
        'they part here: 1 added, 1 changed (content of 1)',
        '',
        '',
      ]);
      expect(await page.locator('#files [role=status]').innerText()).toBe('9 differences');
      await page.getByLabel('4 added').uncheck();
      await page.getByLabel('3 removed').uncheck();
      expect(
        (await rowsOf(page, 'Files that differ')).map(([sign, name, what]) => `${sign} ${name} ${what}`),
      ).toEqual(['~ /app/main.c content', '~ /etc/app/app.conf mode, time']);
      await page.getByLabel('Path').fill('conf');
      expect(await page.locator('#files [role=status]').innerText()).toBe('1 difference');
      expect((await rowsOf(page, 'Fields that differ')).slice(1, 3)).toEqual([
        ['config.Labels[version]', '1', '2'],
        ['config.User', '1000', '–'],
      ]);
      await page.getByRole('link', { name: 'All of B' }).click();
      expect(await page.locator('#b-files [role=status]').last().innerText()).toBe(
        '131kB in 17 files beneath /',
      );
      const ids = await page.locator('[id]').evaluateAll((all) => all.map(({ id }) => id));
      expect(new Set(ids).size).toBe(ids.length);
    });
  });

  test('a build: its figures, stages side by side, the longest chain marked', async () => {
    const path = writePage('build.html', { kind: 'build', build: finishedBuild, images: [] });
    await visit(path, async (page) => {
      expect(await page.locator('h1').innerText()).toBe('Build 12: app:1');
      expect(await page.locator('.figures > div').allInnerTexts()).toEqual([
        'Time\n10.0s',
        'Steps cached\n1',
        'Steps run\n3',
        'Reused\n5.00kB\n1 layer',
        'New\n700B\n1 layer',
        'Pushed\n700B\n5.00kB were there already',
      ]);
      const spans = await page.locator('.overview .track').evaluateAll((tracks) =>
        tracks.map((track) => {
          const { left, width } = track.getBoundingClientRect();
          return [...track.children].map((span) => {
            const box = span.getBoundingClientRect();
            return [(box.left - left) / width, box.width / width].map((part) => Number(part.toFixed(2)));
          });
        }),
      );
      expect(spans).toEqual([[[0, 0.6]], [[0, 0.3]], [[0.6, 0.3]], [[0.9, 0.1]]]);
      expect(await page.locator('tr:has(.badge) code').allInnerTexts()).toEqual(['RUN slow', 'COPY both']);
      expect(await rowsOf(page, 'Longest chain')).toEqual([
        ['6.0s', '60 %', '[a 1/1] RUN slow'],
        ['3.0s', '30 %', '[c 2/2] COPY both'],
      ]);
      expect(await rowsOf(page, 'Pushed')).toEqual([
        ['registry.test/app', '1 blob, 700B', '–', '1 blob, 5.00kB'],
      ]);
      expect(await page.locator('#image').innerText()).toContain('not in the store any more');
      expect(await page.evaluate<string[]>(namelessElements)).toEqual([]);
    });
  });

  test('the command line writes the comparison too', async () => {
    const html = scratch.path('cli-diff.html');
    const args = ['diff', '--stat', '--html', html, 'fixtures/images/app-1.tar', 'fixtures/images/app-2.tar'];
    expect(await strata(args)).toMatchObject({ code: 1, stderr: `wrote ${html}\n` });
    await visit(html, async (page) => {
      expect(await page.title()).toBe('fixtures/images/app-1.tar and fixtures/images/app-2.tar');
      expect(await page.getByText('They are different images:').count()).toBe(1);
    });
  });
});

test('a page that cannot be written is an error', async () => {
  const path = scratch.path('no/such/directory.html');
  expect(await strata(['inspect', '--html', path, 'fixtures/images/app-1.tar'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('[cannot-write-file]'),
  });
});

test('a page loads nothing and names no other place', async () => {
  const html = scratch.path('alone.html');
  await strata(['inspect', '--html', html, 'fixtures/images/app-1.tar']);
  const text = readFileSync(html, 'utf8');
  const places = [...text.matchAll(/https?:\/\/[^"'\s)]+/g)].map(([place]) => place);
  expect(new Set(places)).toEqual(new Set(['http://www.w3.org/2000/svg']));
  expect(text).toContain("default-src 'none'");
});
