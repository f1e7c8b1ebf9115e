/** What a store looks like from outside: to skopeo, to du(1), and when it is pruned. */
import { existsSync, linkSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { projectDir } from '../structure/imports.ts';
import { sandboxNeeds } from '../support/capabilities.ts';
import { runOk } from '../support/process.ts';
import { describeBuilds } from '../support/site.ts';

interface Use {
  totalBytes: number;
  reclaimableBytes: number;
  kinds: { kind: string; count: number; bytes: number; reclaimableBytes: number }[];
}

interface Report {
  freed: unknown[];
  freedBytes: number;
}

describeBuilds([...sandboxNeeds, 'skopeo'], 'a store', (site) => {
  const context = site.path('app');
  let digest: string;
  const strata = async (...args: string[]) => JSON.parse(await site.strataOk([...args, '--json']));
  const use = (): Promise<Use> => strata('du');
  /** As du(1) says, in bytes. */
  const onDisk = async () => 1024 * Number.parseInt(await runOk('du', ['-sk', site.root]), 10);
  const isWithinAPercent = (got: number, want: number) =>
    expect({ got, want, off: Math.abs(got - want) / want }).toMatchObject({ off: expect.closeTo(0, 2) });
  const locks = () => readdirSync(join(site.root, 'locks')).filter((name) => name !== 'prune');

  beforeAll(async () => {
    await site.makeBusyboxBase();
    const dockerfile = [
      'FROM strata-base/busybox AS build',
      'COPY src /src',
      'RUN --mount=type=cache,target=/c head -c 3000000 /dev/urandom > /c/cached && ln -f /c/cached /c/again',
      'RUN cp -r /src /twice && truncate -s 50M /sparse && ln /bin/busybox /other-name',
      'FROM strata-base/busybox',
      'COPY --from=build /twice /app',
      'RUN echo done > /done',
      '',
    ];
    site.files('app', { Dockerfile: dockerfile.join('\n') });
    const names = Array.from(
      { length: 600 },
      (_, at) => [`src/${at % 7}/${at}`, `${at}`.repeat(at)] as const,
    );
    site.files('app', Object.fromEntries(names));
    linkSync(join(context, 'src/0/7'), join(context, 'src/linked'));
    // What changed just now is not remembered of a context.
    await sleep(3100);
    const metadata = site.path('metadata.json');
    await site.strataOk(['build', '-t', 'app:1', '--metadata-file', metadata, context]);
    digest = JSON.parse(readFileSync(metadata, 'utf8'))['containerimage.digest'];
  });

  test('is an image layout that skopeo reads as it lies', async () => {
    const image = `oci:${join(site.root, 'images')}:docker.io/library/app:1`;
    const { Digest, Layers } = JSON.parse(await runOk('skopeo', ['inspect', image]));
    expect(Digest).toBe(digest);
    expect(Layers.length).toBeGreaterThan(2);
    // It holds each blob against its digest.
    await runOk('skopeo', ['copy', '--quiet', image, `oci:${site.path('copied')}`]);
  });

  test('has nothing that docs/STORE.md does not explain', () => {
    const text = readFileSync(join(projectDir, 'docs/STORE.md'), 'utf8');
    const names = readdirSync(site.root);
    expect(names.filter((name) => !text.includes(`\`${name}`))).toEqual([]);
  });

  test('takes what du says, hard links once, holes not at all', async () => {
    const { totalBytes, kinds } = await use();
    isWithinAPercent(totalBytes, await onDisk());
    expect(kinds.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(totalBytes);
    expect(kinds.filter(({ count }) => count === 0)).toEqual([]);
    // Two names, one file.
    expect(kinds.find(({ kind }) => kind === 'cache-mount')?.bytes).toBeLessThan(3_500_000);
    expect(totalBytes).toBeLessThan(20_000_000);
  });

  test('gives back what was said before, and keeps what is tagged', async () => {
    const plan: Report = await strata('prune', '--all', '--dry-run');
    const [before, { reclaimableBytes }] = [await onDisk(), await use()];
    expect(plan.freedBytes).toBe(reclaimableBytes);
    const { freed, freedBytes }: Report = await strata('prune', '--all');
    expect({ freed, freedBytes }).toEqual({ freed: plan.freed, freedBytes: plan.freedBytes });
    isWithinAPercent(before - (await onDisk()), plan.freedBytes);
    isWithinAPercent((await use()).totalBytes, await onDisk());
    const tar = site.path('app.tar');
    await site.strataOk(['save', '-o', tar, 'app:1']);
    expect(statSync(tar).size).toBeGreaterThan(0);
  });

  test('does not gather locks: a prune takes those that nobody holds', async () => {
    for (const text of ['one', 'two', 'three']) {
      writeFileSync(join(context, 'src/edited'), text);
      await site.strataOk(['build', '-q', context]);
    }
    expect(locks().length).toBeGreaterThan(3);
    await site.strataOk(['prune']);
    expect(existsSync(join(site.root, 'locks')) ? locks() : []).toEqual([]);
    await site.strataOk(['build', '-q', '--fail-on-miss', context]);
  });
});
