/**
 * Two machines, each with its own store and its own network, around one real registry: what the first built the
 * second does not build again.
 */
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectDir } from '../structure/imports.ts';
import { findProgram, sandboxNeeds } from '../support/capabilities.ts';
import { type Machine, type Network, openNetwork } from '../support/network.ts';
import { runOk } from '../support/process.ts';
import { type Registry, type RegistryRequest, startRegistry } from '../support/registry.ts';
import { describeBuilds } from '../support/site.ts';

describeBuilds([...sandboxNeeds, 'registry', 'ip'], 'a second machine', (site) => {
  let network: Network;
  let registry: Registry;
  let context: string;
  let first: Build;
  const ref = (mode: string) => `${registry.host}/app:cache-${mode}`;
  const to = (mode: string) => `type=registry,ref=${ref(mode)},mode=${mode}`;
  const from = (mode: string) => ['--cache-from', `type=registry,ref=${ref(mode)}`];

  interface Build {
    readonly digest: string;
    readonly steps: readonly { readonly label: string; readonly result: string; readonly from?: string }[];
    /** What the build asked of the registry. */
    readonly requests: readonly RegistryRequest[];
    /** Whether a container was started. */
    readonly hasRun: boolean;
  }

  /** Builds on one of the machines, in a store of that name. */
  const buildOn = async (
    which: number,
    store: string,
    args: readonly string[],
    directory = context,
  ): Promise<Build> => {
    const machine = machineAt(which);
    const before = registry.requests().length;
    const trace = site.path(`${store}.ran`);
    site.files('', { [`${store}.runc`]: `#!/bin/sh\n: > ${trace}\nexec ${findProgram('runc')} "$@"\n` });
    await runOk('chmod', ['+x', site.path(`${store}.runc`)]);
    const file = site.path(`${store}.json`);
    const own = ['--root', site.path(store), 'build', '--insecure-registry', registry.host];
    const [program = '', ...words] = [...machine.enter, join(projectDir, 'bin/strata'), ...own];
    await runOk(
      program,
      [
        ...words,
        '--runtime',
        site.path(`${store}.runc`),
        '--network',
        'none',
        '--metadata-file',
        file,
        ...args,
        directory,
      ],
      { env: site.environment },
    );
    const metadata = JSON.parse(readFileSync(file, 'utf8'));
    return {
      digest: metadata['containerimage.digest'],
      steps: metadata['strata.steps'],
      requests: registry
        .requests()
        .slice(before)
        .filter(({ from }) => from.startsWith(machine.address)),
      hasRun: existsSync(trace),
    };
  };
  const machineAt = (which: number): Machine => {
    const machine = network.others[which];
    if (machine === undefined) throw new Error('the network has two machines');
    return machine;
  };
  const layersIn = (text: string) =>
    (JSON.parse(text) as { layers: { digest: string; mediaType: string }[] }).layers;
  const layersOf = (digest: string): string[] =>
    layersIn(readFileSync(registry.blobFile(digest), 'utf8')).map((layer) => layer.digest);
  /** What a cache in the registry consists of besides its document. */
  const cacheLayers = (mode: string) => {
    const link = 'data/docker/registry/v2/repositories/app/_manifests/tags';
    const path = site.path(`registry/${link}/cache-${mode}/current/link`);
    const layers = layersIn(readFileSync(registry.blobFile(readFileSync(path, 'utf8')), 'utf8'));
    const those = (kind: RegExp) =>
      layers.filter(({ mediaType }) => kind.test(mediaType)).map(({ digest }) => digest);
    return { large: those(/image\.layer/), packs: those(/cache\.pack/) };
  };
  const asked = (build: Build, method: string, path: RegExp) =>
    build.requests.filter((request) => request.method === method && path.test(request.path));

  beforeAll(async () => {
    network = await openNetwork(2);
    registry = await startRegistry(site.path('registry'), {}, network.hub);
    const one = machineAt(0);
    await site.makeBusyboxBase();
    const base = `${registry.host}/base`;
    await site.strataOk(['tag', 'strata-base/busybox', base]);
    const [program = '', ...words] = [...one.enter, join(projectDir, 'bin/strata')];
    const push = ['push', '--insecure-registry', registry.host, base];
    await runOk(program, [...words, ...push], { env: site.environment });
    context = site.files('app', {
      Dockerfile: [
        `FROM ${base} AS build`,
        'COPY src src',
        'RUN cat src/* > /out && head -c 2000000 /dev/urandom > /helper',
        `FROM ${base}`,
        'WORKDIR /app',
        'COPY --from=build /out .',
        'RUN cat /proc/sys/kernel/random/uuid > unique && head -c 1500000 /dev/urandom > big',
        '',
      ].join('\n'),
      'src/a': 'a',
    });
    const image = ['-t', `${registry.host}/app:1`, '--push'];
    first = await buildOn(0, 'one', [...image, '--cache-to', to('max'), '--cache-to', to('min')]);
    expect(first.hasRun).toBe(true);
  });
  afterAll(async () => {
    await registry?.stop();
    await network?.stop();
  });

  /** The digests of the blobs that a build downloaded. */
  const fetchedBy = (build: Build) =>
    asked(build, 'GET', /\/blobs\//).map(({ path }) => path.replace(/.*\//, ''));
  const allFromTheCache = (ref: string) => Array(5).fill(['cached', ref]);
  const results = ({ steps }: Build) => steps.map(({ result, from }) => [result, from]);

  test.each(['max', 'min'])(
    'pushes the same image, mode=%s, and neither runs, fetches nor sends anything for it',
    async (mode) => {
      const image = ['-t', `${registry.host}/app:2`, '--push'];
      const second = await buildOn(1, `two-${mode}`, [...image, '--fail-on-miss', ...from(mode)]);
      expect(second.digest).toBe(first.digest);
      expect(second.hasRun).toBe(false);
      expect(results(second)).toEqual(
        mode === 'max'
          ? allFromTheCache(ref(mode))
          : [...Array(2).fill(['cached', 'covered']), ...allFromTheCache(ref(mode)).slice(2)],
      );
      // The configuration of the base and the document of the cache: no layer.
      expect(fetchedBy(second)).toHaveLength(2);
      const layers = new Set(layersOf(first.digest));
      expect(fetchedBy(second).filter((digest) => layers.has(digest))).toEqual([]);
      expect(asked(second, 'POST', /./)).toEqual([]);
      expect(asked(second, 'PUT', /./).map(({ path }) => path)).toEqual(['/v2/app/manifests/2']);
    },
  );

  test('that keeps the image fetches what is in it, and nothing of the stages beside it', async () => {
    const second = await buildOn(1, 'kept', ['--fail-on-miss', ...from('max')]);
    expect(second.digest).toBe(first.digest);
    expect(second.hasRun).toBe(false);
    const { large, packs } = cacheLayers('max');
    const layers = layersOf(first.digest);
    const [helper, ...others] = large.filter((digest) => !layers.includes(digest));
    expect(others).toEqual([]);
    expect(fetchedBy(second)).not.toContain(helper);
    // The base, the last layer, the small ones in one pack; and the two documents.
    expect(fetchedBy(second).filter((digest) => layers.includes(digest))).toHaveLength(2);
    expect(fetchedBy(second).filter((digest) => packs.includes(digest))).toHaveLength(1);
    expect(fetchedBy(second)).toHaveLength(5);
  });

  test('that has another source runs what depends on it, on what the first one left', async () => {
    const other = site.path('other');
    cpSync(context, other, { recursive: true });
    writeFileSync(join(other, 'src/a'), 'other');
    const image = ['-t', `${registry.host}/app:other`, '--push'];
    const second = await buildOn(1, 'other', [...image, ...from('max')], other);
    expect(second.hasRun).toBe(true);
    expect(second.steps.map(({ result }) => result)).toEqual(['run', 'run', 'cached', 'run', 'run']);
  });

  test('a cache that is there already is neither read through nor sent again', async () => {
    const again = await buildOn(0, 'one', [
      '-t',
      `${registry.host}/app:1`,
      '--push',
      '--cache-to',
      to('max'),
    ]);
    expect(again.digest).toBe(first.digest);
    expect(asked(again, 'POST', /./)).toEqual([]);
    expect(asked(again, 'PUT', /./).map(({ path }) => path)).toEqual([
      '/v2/app/manifests/1',
      '/v2/app/manifests/cache-max',
    ]);
    // The document of the cache that is there says what its packs hold.
    expect(fetchedBy(again)).toHaveLength(1);
  });
});
