/** Caches that travel between stores by way of a real registry, a directory, or the image itself. */
import { once } from 'node:events';
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sandboxNeeds } from '../support/capabilities.ts';
import type { Outcome } from '../support/process.ts';
import { type Registry, startRegistry } from '../support/registry.ts';
import { describeBuilds } from '../support/site.ts';

describeBuilds([...sandboxNeeds, 'registry', 'skopeo'], 'a cache for other stores', (site) => {
  const context = site.path('app');
  const helperBytes = 2_000_000;
  let registry: Registry;
  let base: string;
  let stores = 0;

  beforeAll(async () => {
    registry = await startRegistry(site.path('registry'));
    base = `${registry.host}/base`;
    await site.makeBusyboxBase();
    await site.strataOk(['tag', 'strata-base/busybox', base]);
    await site.strataOk(['push', base]);
    site.files('app', {
      Dockerfile: [
        `FROM ${base} AS build`,
        'COPY src src',
        `RUN cat src/* > /out && head -c ${helperBytes} /dev/urandom > /helper`,
        `FROM ${base}`,
        'WORKDIR /app',
        'COPY --from=build /out .',
        'RUN cat /proc/sys/kernel/random/uuid > unique',
        '',
      ].join('\n'),
      'src/a': 'a',
      'src/b': 'b',
    });
  });
  afterAll(() => registry?.stop());

  const newStore = (): string => site.path(`store-${++stores}`);
  const build = (root: string, ...args: string[]): Promise<Outcome> =>
    site.strata(['--root', root, 'build', '--progress', 'plain', ...args, context]);
  const buildOk = async (root: string, ...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await build(root, ...args);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    return stdout + stderr;
  };
  const digestOf = async (root: string, ...args: string[]): Promise<string> => {
    const file = site.path('metadata.json');
    await buildOk(root, '--metadata-file', file, ...args);
    return (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>)['containerimage.digest'] ?? '';
  };
  const sizeOf = (directory: string): number =>
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);

  /** Builds in one store, and says which image another one makes of the cache, where every step must be a hit. */
  const carry = async (
    to: readonly string[],
    from: readonly string[],
    alone: readonly string[] = [],
  ): Promise<{ root: string; other: string }> => {
    const [root, other] = [newStore(), newStore()];
    const digest = await digestOf(root, '--no-cache', ...to);
    expect(await digestOf(other, '--fail-on-miss', ...from)).toBe(digest);
    // What came along answers alone from now on.
    expect(await digestOf(other, '--fail-on-miss', ...alone)).toBe(digest);
    return { root, other };
  };

  const modes = [['min'], ['max']] as const;
  describe.each(modes)('in a registry, mode=%s', (mode) => {
    const ref = () => `${registry.host}/app:cache-${mode}`;
    const to = () => ['--cache-to', `type=registry,ref=${ref()},mode=${mode}`];
    const from = () => ['--cache-from', `type=registry,ref=${ref()}`];

    test('answers every step of another store, which downloads what the image needs and no more', async () => {
      const { other } = await carry(to(), from());
      expect(sizeOf(other)).toBeLessThan(helperBytes);
    });

    test('is not uploaded again', async () => {
      const root = newStore();
      await buildOk(root, ...to());
      const log = await buildOk(root, ...to());
      expect(log).toMatch(/ \d+ blobs there already\n/);
      expect(log).not.toMatch(/blobs? sent/);
    });

    test('goes on to a third store from one that never had its layers', async () => {
      const [root, other, third] = [newStore(), newStore(), newStore()];
      const digest = await digestOf(root, ...to());
      const next = `${registry.host}/elsewhere/app:cache-${mode}`;
      await buildOk(other, ...from(), '--cache-to', `type=registry,ref=${next},mode=${mode}`);
      expect(await digestOf(third, '--fail-on-miss', '--cache-from', next)).toBe(digest);
    });
  });

  test('in a directory, which never holds more than its newest cache', async () => {
    const directory = site.path('kept');
    const spec = `type=local,dest=${directory},mode=max`;
    const { root } = await carry(['--cache-to', spec], ['--cache-from', `type=local,src=${directory}`]);
    const blobs = () => readdirSync(join(directory, 'blobs/sha256')).length;
    const [count, bytes] = [blobs(), sizeOf(directory)];
    for (let round = 0; round < 3; round++) {
      const log = await buildOk(root, '--no-cache', '--cache-to', spec);
      expect(log).toMatch(/ \d+ blobs written\n/);
      expect(log).toMatch(/[1-9]\d* superseded blobs removed from /);
      expect(blobs()).toBeLessThanOrEqual(count + 1);
      expect(sizeOf(directory)).toBeLessThan(bytes + 2000);
    }
    // Another tag is another cache of the directory.
    await buildOk(newStore(), '--cache-to', `${spec},tag=other`);
    expect(sizeOf(directory)).toBeGreaterThan(bytes + helperBytes / 2);
    const tagged = ['--cache-from', `type=local,src=${directory},tag=other`];
    expect((await build(newStore(), '--fail-on-miss', ...tagged)).code).toBe(0);
  });

  test('in a directory that many builds read and write at once', async () => {
    const directory = site.path('busy');
    const both = [
      '--cache-from',
      `type=local,src=${directory}`,
      '--cache-to',
      `type=local,dest=${directory},mode=max`,
    ];
    await buildOk(newStore(), ...both);
    const builds = Array.from({ length: 4 }, (_, index) =>
      build(newStore(), '--no-cache-filter', index % 2 === 0 ? 'build' : 'none', ...both),
    );
    for (const { code, stderr } of await Promise.all(builds)) {
      expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.not.stringContaining('warning') });
    }
    await buildOk(newStore(), '--fail-on-miss', ...both);
    const { manifests } = JSON.parse(readFileSync(join(directory, 'index.json'), 'utf8'));
    expect(manifests).toHaveLength(1);
    const blob = (hex: string) => readFileSync(join(directory, 'blobs/sha256', hex), 'utf8');
    const hexOf = (each: { digest: string }) => each.digest.replace('sha256:', '');
    const { config, layers } = JSON.parse(blob(hexOf(manifests[0])));
    const needed = [manifests[0], config, ...layers].map(hexOf).sort();
    expect(readdirSync(join(directory, 'blobs/sha256')).sort()).toEqual(needed);
  });

  test('inside of the image, whose digest says nothing about when it was made', async () => {
    const image = `${registry.host}/app:inline`;
    const inline = ['--cache-to', 'type=inline'];
    await carry(['-t', image, '--push', ...inline], ['--cache-from', image, ...inline], inline);
  });

  test('explains its misses to a store that never built before', async () => {
    const ref = `${registry.host}/app:explained`;
    await buildOk(newStore(), '--cache-to', `type=registry,ref=${ref},mode=max`);
    const changed = site.path('changed');
    cpSync(context, changed, { recursive: true });
    writeFileSync(join(changed, 'src/b'), 'better');
    const args = ['build', '--progress', 'quiet', '--explain', '--cache-from', ref, changed];
    const { stderr } = await site.strata(['--root', newStore(), ...args]);
    expect(stderr).toContain(
      'miss  [build 2/3] COPY src src\n        src/b changed: content (1 → 6 bytes)\n' +
        `miss  [build 3/3] RUN cat src/* > /out && head -c ${helperBytes} /dev/urandom > /helper\n` +
        '        stands on [build 2/3] COPY src src, which ran\n' +
        `hit   [stage-1 2/4] WORKDIR /app\n        from ${ref}\n` +
        'miss  [stage-1 3/4] COPY --from=build /out .\n        of build: /out changed: content (2 → 7 bytes)\n',
    );
  });

  describe('that fails', () => {
    const nowhere = () => `type=registry,ref=${registry.host}/nowhere`;

    test('to be imported is said aloud, and the build goes on', async () => {
      const log = await buildOk(newStore(), '--cache-from', nowhere());
      expect(log).toContain(
        `the cache ${registry.host}/nowhere cannot be imported: the build goes on without it`,
      );
      const silent = await buildOk(newStore(), '--cache-from', `${nowhere()},ignore-error=true`);
      expect(silent).not.toContain('goes on without it');
      const missing = await buildOk(newStore(), '--cache-from', `type=local,src=${site.path('missing')}`);
      expect(missing).toContain('missing" holds no cache latest');
    });

    test('to be exported fails the build, unless that is to be ignored', async () => {
      const refusing = createServer((_, answer) => answer.writeHead(403).end()).listen(0, '127.0.0.1');
      await once(refusing, 'listening');
      const to = `type=registry,ref=127.0.0.1:${(refusing.address() as AddressInfo).port}/app`;
      const root = newStore();
      try {
        expect(await build(root, '--cache-to', to)).toMatchObject({
          code: 1,
          stderr: expect.stringContaining('403 Forbidden'),
        });
        const { code, stderr } = await build(root, '--cache-to', `${to},ignore-error=true`);
        expect(code).toBe(0);
        expect(stderr).toMatch(/exporting cache to .*\n#\d+ ERROR: /);
      } finally {
        refusing.close();
      }
    });

    test('in the middle is left, and what it promised is run', async () => {
      const ref = `${registry.host}/app:torn`;
      await buildOk(newStore(), '--cache-to', `type=registry,ref=${ref},mode=max`);
      const answer = await fetch(`http://${registry.host}/v2/app/manifests/torn`, {
        headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
      });
      const { layers } = (await answer.json()) as { layers: { mediaType: string; digest: string }[] };
      for (const { mediaType, digest } of layers) {
        if (!mediaType.includes('document')) rmSync(registry.blobFile(digest));
      }
      const args = ['build', '--explain', '--progress', 'plain', '--cache-from', ref, context];
      const { stderr } = await site.strata(['--root', newStore(), ...args]);
      const left = `the cache ${ref} went away while it was used: the build goes on without it`;
      expect(stderr.split(left).length - 1).toBe(1);
      expect(stderr.match(/^(?:miss|hit) /gm)).toEqual(Array(5).fill('miss '));
    });

    test('to read is no cache', async () => {
      const directory = site.path('damaged');
      await buildOk(newStore(), '--cache-to', `type=local,dest=${directory}`);
      for (const name of readdirSync(join(directory, 'blobs/sha256'))) {
        const path = join(directory, 'blobs/sha256', name);
        const bytes = readFileSync(path);
        if (bytes[0] === 0x1f) writeFileSync(path, bytes.fill(7, 40, 41));
      }
      const log = await buildOk(newStore(), '--cache-from', `type=local,src=${directory}`);
      expect(log).toContain('cannot be imported: the build goes on without it');
    });
  });
});
