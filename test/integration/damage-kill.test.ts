/**
 * strata killed at any moment. STRATA_KILLS sets how often (60 by default, some seconds for ten), STRATA_SEED the
 * moments; a failure names its own.
 */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sandboxNeeds } from '../support/capabilities.ts';
import { leftCgroups, leftovers } from '../support/leftovers.ts';
import { runOk } from '../support/process.ts';
import { seededRandom } from '../support/random.ts';
import { type Registry, startRegistry } from '../support/registry.ts';
import { describeBuilds } from '../support/site.ts';
import { treeListing } from '../support/tree-listing.ts';

const kills = Number(process.env.STRATA_KILLS ?? 60);
const seed = Number(process.env.STRATA_SEED ?? 1);

/** Every layer is the same whenever it is made: its files bear old dates, the image's is given. */
const dockerfile = `
FROM strata-base/busybox AS tools
RUN head -c 300000 /dev/zero > /tool && touch -d @1 /tool

FROM strata-base/busybox
WORKDIR /app
COPY files files
RUN --mount=type=cache,target=/cache cat files/* > /all && touch -d @1 /all && date > /cache/date
RUN mkdir -p /deep/er && echo x > /deep/er/x && rm -r files/f1* && touch -d @1 /deep/er/x /deep/er /deep files
COPY --from=tools /tool /usr/bin/tool
COPY --link files /linked
`;

describeBuilds([...sandboxNeeds, 'registry', 'skopeo'], 'strata killed at any moment', (site) => {
  const outputs = site.path('outputs');
  const output = (name: string) => join(outputs, name);
  const context = site.path('app');
  const build = ['build', '--build-arg', 'SOURCE_DATE_EPOCH=1000000000', '--progress', 'plain'];
  const tar = [...build, '--output', `type=oci,dest=${output('app.tar')}`, context];
  let registry: Registry;
  let pulled = '';
  /** What is killed, and how long it takes when it is not. */
  const victims: Record<string, { args: readonly string[]; prepare?: readonly string[]; ms: number }> = {};
  let want = '';

  const indexOf = async (archive: string) => runOk('tar', ['-xOf', archive, 'index.json']);
  const prune = ['prune', '--all'];

  beforeAll(async () => {
    await site.makeBusyboxBase();
    const files = Object.fromEntries(
      Array.from({ length: 40 }, (_, n) => [`files/f${n}`, `${n}`.repeat(5000)]),
    );
    site.files('app', { Dockerfile: dockerfile, ...files });
    for (const name of Object.keys(files)) await runOk('touch', ['-d', '@1000', join(context, name)]);
    await runOk('touch', ['-d', '@1000', join(context, 'files')]);
    mkdirSync(outputs);
    registry = await startRegistry(site.path('registry'));
    pulled = `${registry.host}/app:1`;
    await site.strataOk(tar);
    want = await indexOf(output('app.tar'));
    await runOk('skopeo', [
      'copy',
      '-q',
      '--dest-tls-verify=false',
      `oci-archive:${output('app.tar')}`,
      `docker://${pulled}`,
    ]);
    const forgets = ['rmi', '-f', pulled];
    Object.assign(victims, {
      'a cold build': { args: tar, prepare: prune, ms: 0 },
      'a warm build': { args: tar, ms: 0 },
      'an archive for docker': {
        args: [...build, '-o', `type=docker,dest=${output('docker.tar')}`, context],
        ms: 0,
      },
      'an export of files': { args: [...build, '-o', `type=local,dest=${output('local')}`, context], ms: 0 },
      'a layout': { args: [...build, '-o', `type=oci,tar=false,dest=${output('layout')}`, context], ms: 0 },
      'a pull': { args: ['pull', pulled], prepare: forgets, ms: 0 },
      'a prune': { args: prune, ms: 0 },
    });
    for (const victim of Object.values(victims)) {
      if (victim.prepare !== undefined) await site.strataOk(victim.prepare);
      const began = performance.now();
      await site.strataOk(victim.args);
      victim.ms = performance.now() - began;
      if (victim.args === prune) await site.strataOk(tar);
    }
  });
  afterAll(() => registry?.stop());

  const random = seededRandom(seed);
  const rounds = Array.from({ length: Math.ceil(kills / 7) }, (_, round) => [round + 1] as const);

  test.each(rounds)('round %i: what follows is as if nothing had happened', async () => {
    for (const [title, { args, prepare, ms }] of Object.entries(victims)) {
      const after = Math.round(ms * 1.1 * random());
      const moment = `${title}, killed after ${after} of ${Math.round(ms)} ms`;
      if (prepare !== undefined) await site.strataOk(prepare);
      await site.strata(args, { onStart: (pid) => void sleep(after).then(() => killIfThere(pid)) });
      expect
        .soft(
          (await leftovers(site)).filter((line) => !line.startsWith('file ')),
          moment,
        )
        .toEqual([]);
      const again = await site.strata(args);
      expect.soft({ ...again, stdout: '' }, moment).toMatchObject({ code: 0 });
      await site.strataOk(tar);
      expect.soft(await indexOf(output('app.tar')), moment).toBe(want);
      expect.soft(await leftovers(site), moment).toEqual([]);
      expect.soft(await leftCgroups(), moment).toEqual([]);
      expect
        .soft(
          readdirSync(outputs).filter((name) => name.includes('.tmp')),
          moment,
        )
        .toEqual([]);
    }
  });

  test('and in the end nothing is left that a prune does not remove', async () => {
    await site.strataOk(['prune']);
    const names = await runOk('find', [site.root, '-name', '*.tmp', '-o', '-path', '*/locks/*']);
    expect(names).toBe('');
    const images = JSON.parse(await site.strataOk(['images', '--json'])) as { readonly name: string }[];
    await site.strataOk(['rmi', ...images.map(({ name }) => name)]);
    await site.strataOk(prune);
    expect(readdirSync(site.root)).toEqual(['version']);
    const exported = treeListing(output('local'), Date.now());
    expect(Object.keys(exported).filter((path) => path.includes('.strata-'))).toEqual([]);
  });
});

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It was faster.
  }
}
