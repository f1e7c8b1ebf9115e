/** Values of secrets: not in the log, not in a layer, not on disk. */
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { sandboxNeeds } from '../support/capabilities.ts';
import { describeBuilds } from '../support/site.ts';

describeBuilds(sandboxNeeds, 'a build with secrets', (site) => {
  const value = 'c0rrect-horse-battery';
  const encoded = Buffer.from(value).toString('base64');
  const withSecret = ['--progress', 'plain', '--secret', `id=token,src=${site.path('token')}`];
  const mount = 'RUN --mount=type=secret,id=token,env=TOKEN';
  const buildOf = (name: string, lines: string, ...more: string[]) =>
    site.strata([
      'build',
      ...withSecret,
      ...more,
      site.files(name, { Dockerfile: `FROM strata-base/busybox\n${lines}\n` }),
    ]);
  const grepStore = () => {
    try {
      return execFileSync('grep', ['-rlaF', '-e', value, '-e', encoded, site.root], { encoding: 'utf8' });
    } catch {
      return '';
    }
  };
  beforeAll(async () => {
    await site.makeBusyboxBase();
    writeFileSync(site.path('token'), `${value}\n`);
  });

  test('masks what steps print of them, and nothing of them is on disk', async () => {
    const script = `${mount},target=/token echo "$TOKEN"; base64 /token; printf c0rrect-; sleep 0.1; printf "horse-batter%s" y; echo; wc -c < /token`;
    const { code, stdout, stderr } = await buildOf('says', script);
    const lines = [...stderr.matchAll(/^#\d+ [0-9.]+ (.*)$/gm)].map(([, line]) => line);
    expect([code, lines]).toEqual([0, ['***', '***', '***', '22']]);
    expect(stdout + stderr).not.toContain(value);
    expect(stdout + stderr).not.toContain(encoded.slice(0, 8));
    expect(grepStore()).toBe('');
  });

  test('masks them in the error of a step that failed', async () => {
    const { code, stdout, stderr } = await buildOf('fails', `${mount} echo "no: $TOKEN"; exit 3`);
    expect(code).toBe(1);
    expect(stderr).toContain('no: ***');
    expect(stdout + stderr).not.toContain(value);
  });

  test.each([
    ['plain', 'printf "x=$TOKEN" > /etc/leak', '/etc/leak'],
    ['in base64', 'printf "user:$TOKEN" | base64 > /etc/auth', '/etc/auth'],
  ])(
    'refuses a layer that holds one %s, naming step and path, again and with another value',
    async (_title, command, path) => {
      const lines = `${mount} ${command}\nRUN echo above`;
      for (const _round of [1, 2]) {
        const { code, stderr } = await buildOf('leaks', lines);
        expect([code, stderr]).toEqual([
          1,
          expect.stringContaining(`${path} holds the value of the secret token`),
        ]);
        expect(stderr).toMatch(/secret-in-layer/);
        expect(stderr).toContain('error: [2/3] RUN --mount=type=secret');
        expect(stderr).not.toContain(value);
      }
      // The step runs again: what it left under the old value must not be taken from the cache.
      const other = site.files('other', { token: 'another-value-now' });
      const { code, stdout, stderr } = await site.strata([
        'build',
        '--progress',
        'plain',
        '--secret',
        `id=token,src=${other}/token`,
        site.path('leaks'),
      ]);
      expect([code, stdout + stderr]).toEqual([1, expect.stringContaining('secret-in-layer')]);
      expect(grepStore()).toBe('');
    },
  );

  test('names the one that was meant where an id is mistyped, and points at it', async () => {
    const lines = 'RUN --mount=type=secret,id=tokn,required true';
    const { code, stderr } = await buildOf('mistyped', lines);
    expect(code).toBe(1);
    expect(stderr).toContain('secret tokn: not found');
    expect(stderr).toContain('did you mean token?');
    const [, marked = '', marks = ''] = /^( +2 \| .*)\n( +\| +\^~*)$/m.exec(stderr) ?? [];
    expect(marked.slice(marks.indexOf('^'), marks.length)).toBe('id=tokn');
  });

  test('says of one that a step may go without that it does, to who asks for details', async () => {
    const dockerfile =
      'FROM strata-base/busybox\nRUN --mount=type=secret,id=tokn test ! -e /run/secrets/tokn\n';
    const context = site.files('optional', { Dockerfile: dockerfile });
    const build = (...flags: string[]) =>
      site.strata([...flags, 'build', '--no-cache', ...withSecret, context]);
    const note = 'goes without the secret tokn: did you mean token?';
    expect(await build('-D')).toMatchObject({ code: 0, stderr: expect.stringContaining(note) });
    const { code, stderr } = await build();
    expect([code, stderr.includes(note)]).toEqual([0, false]);
  });

  test.each(['local', 'tar'])('refuses files that hold one: type=%s', async (type) => {
    const dest = site.path(`leaked-${type}`);
    const output = ['--output', `type=${type},dest=${dest}`];
    const leaky = `${mount} mkdir -p /d && printf "x$TOKEN" > /d/leak\nRUN echo above`;
    for (const _round of [1, 2]) {
      const { code, stderr } = await buildOf(`files-${type}`, leaky, ...output);
      expect([code, stderr]).toEqual([
        1,
        expect.stringContaining('/d/leak holds the value of the secret token'),
      ]);
      expect(stderr).toContain('error: [2/3] RUN --mount=type=secret');
      expect([existsSync(dest), grepStore()]).toEqual([false, '']);
    }
    const clean = await buildOf(`clean-${type}`, `${mount} printf "$TOKEN" | wc -c > /size`, ...output);
    expect(clean.code).toBe(0);
  });

  test('refuses a COPY that takes the file of one along', async () => {
    site.files('copies', { 'token.txt': `${value}\n` });
    const { code, stderr } = await buildOf('copies', 'COPY . /app');
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining('/app/token.txt holds the value of the secret token'),
    ]);
  });
});
