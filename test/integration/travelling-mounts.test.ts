/** Cache mounts of RUN that go with the cache to another store, if both sides ask for it. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sandboxNeeds } from '../support/capabilities.ts';
import { type Registry, startRegistry } from '../support/registry.ts';
import { describeBuilds } from '../support/site.ts';

describeBuilds([...sandboxNeeds, 'registry'], 'a cache mount', (site) => {
  const context = site.path('app');
  let registry: Registry;
  let stores = 0;
  let sources = 0;

  beforeAll(async () => {
    registry = await startRegistry(site.path('registry'));
    await site.makeBusyboxBase();
    const layout = site.path('base');
    await site.strataOk(['save', '-o', `${layout}.tar`, 'strata-base/busybox']);
    site.files('app', {
      Dockerfile: [
        'FROM strata-base/busybox',
        'COPY source /',
        'RUN --mount=type=cache,id=work,target=/travels,uid=7,mode=0711 \\',
        '    --mount=type=cache,id=other,target=/other \\',
        // What it finds is what the image says; then it leaves more.
        '    cat /travels/log /other/log > /seen 2>/dev/null; stat -c "%a %u %h %N" /travels /travels/* >> /seen 2>/dev/null; \\',
        '    if [ ! -e /travels/log ]; then ln -s log /travels/link; cp /source /travels/a; ln /travels/a /travels/b; chmod 4750 /travels/a; \\',
        '    head -c 1500000 /dev/urandom > /travels/large; fi; \\',
        '    cat /source >> /travels/log; cat /source >> /other/log',
        '',
      ].join('\n'),
      source: 'first\n',
    });
  });
  afterAll(() => registry?.stop());

  /** A store that has the base and nothing else. */
  const newStore = async (): Promise<string> => {
    const root = site.path(`store-${++stores}`);
    await site.strataOk(['--root', root, 'load', '-i', site.path('base.tar')]);
    return root;
  };
  const build = (root: string, ...args: string[]) =>
    site.strata(['--root', root, 'build', '--progress', 'plain', ...args, context]);
  const log = async (root: string, ...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await build(root, ...args);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    return stdout + stderr;
  };
  /** Builds from a source that nobody built before, and says what its RUN found. */
  const seen = async (root: string, ...args: string[]): Promise<string> => {
    writeFileSync(join(context, 'source'), `source ${++sources}\n`);
    const out = site.path('out');
    rmSync(out, { recursive: true, force: true });
    await log(root, '--output', out, ...args);
    return readFileSync(join(out, 'seen'), 'utf8');
  };
  const nothing = '711 7 2 /travels\n';

  const places = [['registry'], ['local']] as const;
  describe.each(places)('by type=%s', (type) => {
    const place = (end: string) =>
      type === 'registry'
        ? `type=registry,ref=${registry.host}/app:mounts`
        : `type=local,${end}=${site.path('kept')}`;

    test('arrives as it was, where both sides ask for it', async () => {
      const [one, two] = [await newStore(), await newStore()];
      expect(await seen(one, '--cache-to', `${place('dest')},mode=max,mounts=all`)).toBe(nothing);
      const before = `source ${sources}\n`;
      const found = await seen(two, '--cache-from', `${place('src')},mounts=work`);
      expect(found.split('\n')).toEqual([
        ...before.split('\n').slice(0, 1),
        '711 7 2 /travels',
        '4750 0 2 /travels/a',
        '4750 0 2 /travels/b',
        '644 0 1 /travels/large',
        "777 0 1 '/travels/link' -> 'log'",
        '644 0 1 /travels/log',
        '',
      ]);
      // From now on it is the store's own.
      expect(await seen(two, '--cache-from', `${place('src')},mounts=all`)).toContain(`${before}source`);
      expect(await seen(await newStore(), '--cache-from', place('src'))).toBe(nothing);
    });

    test('goes on from a build that had no use for it', async () => {
      const all = (end: string) => `${place(end)},mounts=all`;
      const [one, two, three] = [await newStore(), await newStore(), await newStore()];
      await seen(one, '--cache-to', `${all('dest')},mode=max`);
      const text = readFileSync(join(context, 'source'), 'utf8');
      await log(two, '--fail-on-miss', '--cache-from', all('src'), '--cache-to', `${all('dest')},mode=max`);
      expect(readdirSync(two)).not.toContain('cache-mounts');
      expect(await seen(three, '--cache-from', all('src'))).toMatch(new RegExp(`^${text}${text}`));
    });

    test('that nobody used in between is not sent again', async () => {
      const root = await newStore();
      const to = ['--cache-to', `${place('dest')},mounts=all`];
      await log(root, ...to);
      expect(await log(root, ...to)).not.toMatch(/blobs? sent|[1-9]\d* blobs written/);
    });
  });

  test('is packed by its id', async () => {
    const directory = site.path('one');
    await seen(await newStore(), '--cache-to', `type=local,dest=${directory},"mounts=other,other"`);
    const text = readFileSync(join(context, 'source'), 'utf8');
    const found = await seen(await newStore(), '--cache-from', `type=local,src=${directory},mounts=all`);
    expect(found).toBe(`${text}${nothing}`);
  });

  test('that no RUN has is an error, which can be ignored', async () => {
    const to = `type=local,dest=${site.path('none')},mounts=wrok`;
    const root = await newStore();
    expect((await build(root, '--cache-to', to)).stderr).toContain(
      'error: no RUN of the build mounts a cache "wrok" [no-such-mount]\n  help: there are other, work',
    );
    expect((await build(root, '--cache-to', `${to},ignore-error=true`)).code).toBe(0);
  });

  test('that no RUN has: those there are are told once each, in order', async () => {
    const mounts = ['id=zeta,target=/a', 'id=alpha,target=/b', 'id=mid,target=/c', 'id=zeta,uid=7,target=/d'];
    const several = site.files('several', {
      Dockerfile: `FROM strata-base/busybox\nRUN ${mounts.map((each) => `--mount=type=cache,${each} `).join('')}true\n`,
    });
    const to = ['--cache-to', `type=local,dest=${site.path('none-of-several')},mounts=beta`];
    expect(await site.strata(['--root', await newStore(), 'build', ...to, several])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /a cache "beta" \[no-such-mount\]\n {2}help: there are alpha, mid, zeta\n/,
      ),
    });
  });

  test('that holds a secret goes nowhere', async () => {
    const leaking = site.files('leaking', {
      Dockerfile:
        'FROM strata-base/busybox\nRUN --mount=type=secret,id=token --mount=type=cache,id=leak,target=/c cp /run/secrets/token /c\n',
      token: 'a very secret value',
    });
    const secret = ['--secret', `id=token,src=${join(leaking, 'token')}`];
    const root = ['--root', await newStore(), 'build', '--progress', 'plain', ...secret];
    expect((await site.strata([...root, leaking])).code).toBe(0);
    const to = ['--cache-to', `type=local,dest=${site.path('leak')},mounts=all`];
    const { code, stderr } = await site.strata([...root, ...to, leaking]);
    expect(code).toBe(1);
    expect(stderr).toContain(
      'error: the cache mount leak holds the value of a secret: /token [secret-in-mount]',
    );
  });
});
