/** Builds and prunes of one store at the same time: no build fails, and nothing that has a name is lost. */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sandboxNeeds } from '../support/capabilities.ts';
import { runOk } from '../support/process.ts';
import { describeBuilds } from '../support/site.ts';

describeBuilds([...sandboxNeeds, 'skopeo'], 'builds that a store is pruned beneath', (site) => {
  const rounds = 4;

  test('all end well, and each image is whole', async () => {
    await site.makeBusyboxBase();
    const builders = Array.from({ length: 5 }, (_, at) => `app${at}`);
    for (const name of builders) {
      site.files(name, {
        Dockerfile: [
          'FROM strata-base/busybox AS build',
          'COPY text /text',
          'RUN --mount=type=cache,target=/c cat /text >> /c/all && cat /text > /made',
          'RUN sleep 0.2; cat /made /made > /twice',
          'FROM strata-base/busybox',
          'COPY shared /shared',
          'COPY --from=build /twice /',
          '',
        ].join('\n'),
        shared: 'the same in all',
      });
    }
    const build = async (name: string) => {
      for (let round = 0; round < rounds; round++) {
        const text = `${name} ${randomUUID()}\n`;
        writeFileSync(join(site.path(name), 'text'), text);
        await site.strataOk(['build', '-q', '-t', `${name}:${round}`, site.path(name)]);
      }
    };
    let isBuilding = true;
    let prunes = 0;
    const prune = async () => {
      for (; isBuilding; prunes++) await site.strataOk(['prune', '--all']);
    };
    const pruning = prune();
    await Promise.all(builders.map(build)).finally(() => {
      isBuilding = false;
    });
    await pruning;
    expect(prunes).toBeGreaterThan(1);
    await site.strataOk(['prune', '--all']);
    // skopeo holds each blob against its digest.
    const layout = join(site.root, 'images');
    for (const name of builders) {
      for (let round = 0; round < rounds; round++) {
        const image = `oci:${layout}:docker.io/library/${name}:${round}`;
        await runOk('skopeo', ['copy', '--quiet', image, `oci:${site.path('copy')}:${name}-${round}`]);
      }
    }
  });
});
