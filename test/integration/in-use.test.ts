/** Images that are removed and pruned while somebody uses them. */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { sandboxNeeds } from '../support/capabilities.ts';
import { startFaultyRegistry } from '../support/faulty-registry.ts';
import { run, runOk } from '../support/process.ts';
import { skopeoInspect } from '../support/referees.ts';
import { describeBuilds } from '../support/site.ts';

describeBuilds([...sandboxNeeds, 'skopeo'], 'an image that is removed and pruned while', (site) => {
  const layerBytes = 3_000_000;
  let context: string;
  let digest: string;
  beforeAll(() => site.makeBusyboxBase());
  beforeEach(async () => {
    context = site.files('context', { Dockerfile: 'FROM scratch\nCOPY one /\nCOPY two /\n' });
    for (const name of ['one', 'two']) writeFileSync(`${context}/${name}`, randomBytes(layerBytes));
    const metadata = site.path('metadata.json');
    await site.strataOk(['build', '-t', 'used', '--metadata-file', metadata, context]);
    digest = JSON.parse(await runOk('cat', [metadata]))['containerimage.digest'];
  });

  /** Takes away all that nobody uses. */
  const clear = async (...names: string[]) => {
    await site.strataOk(['rmi', ...names]);
    await site.strataOk(['prune', '--all', '--force']);
  };

  test('it is saved is saved whole', async () => {
    const [pipe, archive] = [site.path('pipe'), site.path('saved.tar')];
    await runOk('mkfifo', [pipe]);
    const saving = site.strata(['save', '--type', 'oci', '-o', pipe, 'used']);
    const fd = openSync(pipe, 'r');
    try {
      const start = Buffer.alloc(1000);
      // The first bytes are there: the rest waits in the pipe.
      const got = readSync(fd, start);
      await clear('used');
      writeFileSync(archive, start.subarray(0, got));
      const copying = run('sh', ['-c', `cat ${pipe} >> ${archive}`]);
      expect(await saving).toMatchObject({ code: 0, stderr: '' });
      closeSync(fd);
      expect((await copying).code).toBe(0);
    } finally {
      await runOk('rm', [pipe]);
    }
    expect((await skopeoInspect(`${archive}:latest`)).Digest).toBe(digest);
  });

  test('it is pushed is pushed whole', async () => {
    await using server = await startFaultyRegistry();
    server.fail(/PUT .*blobs/, { kind: 'status', status: 503, headers: { 'retry-after': '3' } }, 2);
    const name = `${server.host}/app:1`;
    await site.strataOk(['tag', 'used', name]);
    const pushing = site.strata(['push', name]);
    await expect
      .poll(() => server.log().filter((line) => line.startsWith('PUT')).length, { timeout: 20_000 })
      .toBeGreaterThan(1);
    await clear('used', name);
    expect(await pushing).toMatchObject({ code: 0 });
    const copied = site.path('pushed.tar');
    await runOk('skopeo', [
      'copy',
      '--quiet',
      '--src-tls-verify=false',
      `docker://${name}`,
      `oci-archive:${copied}`,
    ]);
    expect((await skopeoInspect(copied)).Digest).toBe(digest);
  });

  test('a build stands on it is built on', async () => {
    const child = site.files('child', {
      Dockerfile: `FROM strata-base/busybox AS base
RUN sleep 4
FROM base
COPY --from=used /two /
`,
    });
    const out = site.path('child.tar');
    let text = '';
    const building = site.strata(['build', '--progress', 'plain', '-o', `type=oci,dest=${out}`, child], {
      onOutput: (printed) => {
        text = printed;
      },
    });
    await expect.poll(() => text, { timeout: 20_000 }).toContain('RUN sleep');
    await clear('used', 'strata-base/busybox');
    expect(await building).toMatchObject({ code: 0 });
    expect((await skopeoInspect(out)).Layers.length).toBe(3);
  });
});
