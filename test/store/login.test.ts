import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeWith } from '../support/capabilities.ts';
import { type FaultyRegistry, type Guard, startFaultyRegistry } from '../support/faulty-registry.ts';
import { strata as commandLine } from '../support/in-process.ts';
import { runOk } from '../support/process.ts';
import { startRegistry } from '../support/registry.ts';

let dir: string;
let configFile: string;
const open: AsyncDisposable[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'strata-login-'));
  configFile = join(dir, 'docker/config.json');
});
afterEach(async () => {
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true });
});

const environment = () => ({
  PATH: `${dir}:/usr/bin:/bin`,
  HOME: dir,
  DOCKER_CONFIG: join(dir, 'docker'),
  STRATA_ROOT: join(dir, 'root'),
});
const strata = (args: readonly string[], stdin = '') => commandLine(args, { env: environment(), stdin });
const config = () => JSON.parse(readFileSync(configFile, 'utf8'));
const base64 = (text: string) => Buffer.from(text).toString('base64');

async function start(guard?: Guard): Promise<FaultyRegistry> {
  const server = await startFaultyRegistry(guard === undefined ? {} : { guard });
  open.push(server);
  return server;
}

const me = { username: 'me', password: 'p:w' };
const login = (host: string, stdin = 'p:w\n', user = 'me') =>
  strata(['login', '--username', user, '--password-stdin', host], stdin);

describe('login', () => {
  test.each<[title: string, guard: Guard]>([
    ['Basic', { kind: 'basic', ...me }],
    ['a token', { kind: 'token', ...me }],
  ])('is tried and kept for its owner alone: %s', async (_title, guard) => {
    const { host } = await start(guard);
    expect(await login(host)).toEqual({
      code: 0,
      stdout: `logged in to ${host} as me\n`,
      stderr: expect.stringContaining(`unencrypted in ${configFile}`),
    });
    expect(config()).toEqual({ auths: { [host]: { auth: base64('me:p:w') } } });
    expect(statSync(configFile).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, 'docker')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(dir, 'docker'))).toEqual(['config.json']);
  });

  test('keeps an identity token where it is given one, and no password', async () => {
    const server = await start({ kind: 'token', ...me, identityToken: 'id' });
    expect(await login(server.host)).toMatchObject({ code: 0 });
    expect(config()).toEqual({
      auths: { [server.host]: { auth: base64('me:'), identitytoken: 'id' } },
    });
    const pulled = await strata(['pull', `${server.host}/none:1`]);
    expect(pulled.stderr).toContain('404');
    expect(server.log().filter((line) => line.includes('/token'))).toEqual([
      expect.stringMatching(/^GET .*offline_token=true/),
      'POST /token',
    ]);
  });

  test.each<[title: string, guard: Guard]>([
    ['Basic', { kind: 'basic', ...me }],
    ['a token', { kind: 'token', ...me }],
  ])('that is not taken is not kept, and not shown: %s', async (_title, guard) => {
    const { host } = await start(guard);
    const got = await login(host, 'tops3cret');
    expect(got).toMatchObject({ code: 1, stdout: '' });
    expect(got.stderr).toMatch(/does not take the password of me: GET http.*401 Unauthorized/);
    expect(got.stderr).not.toMatch(new RegExp(`tops3cret|${base64('me:tops3cret')}`));
    expect(readdirSync(dir)).not.toContain('docker');
  });

  test('leaves everything else in the file, and a link where it is', async () => {
    const { host } = await start({ kind: 'basic', ...me });
    mkdirSync(join(dir, 'docker'));
    const real = join(dir, 'dotfiles.json');
    writeFileSync(
      real,
      JSON.stringify({ HttpHeaders: { a: 'b' }, auths: { x: { auth: 'eDp5' }, [`http://${host}/v1/`]: {} } }),
    );
    symlinkSync(real, configFile);
    expect(await login(host)).toMatchObject({ code: 0 });
    expect(lstatSync(configFile).isSymbolicLink()).toBe(true);
    expect(config()).toEqual({
      HttpHeaders: { a: 'b' },
      auths: { x: { auth: 'eDp5' }, [host]: { auth: base64('me:p:w') } },
    });
  });

  test('at the same time loses none', async () => {
    const servers = await Promise.all([1, 2, 3, 4].map(() => start({ kind: 'basic', ...me })));
    await Promise.all(servers.map(({ host }) => login(host)));
    expect(Object.keys(config().auths).sort()).toEqual(servers.map(({ host }) => host).sort());
  });

  test.each([
    ['a password among the arguments', ['-u', 'me', '-p', 'x'], /password-in-arguments/],
    ['no user', ['--password-stdin'], /username-missing/],
    ['nothing on standard input', ['-u', 'me', '--password-stdin'], /password-missing/],
    ['nobody to ask', ['-u', 'me'], /no-terminal/],
  ])('refuses %s', async (_title, flags, code) => {
    const got = await strata(['login', ...flags, '127.0.0.1:1']);
    expect(got).toMatchObject({ code: 2, stderr: expect.stringMatching(code) });
  });

  test('refuses a name that is no host', async () => {
    expect(await login('a b')).toMatchObject({ code: 1, stderr: expect.stringContaining('bad-registry') });
  });

  test('and logout are undone by each other', async () => {
    const { host } = await start({ kind: 'basic', ...me });
    await login(host);
    expect(await strata(['logout', `https://${host}/v1/`])).toMatchObject({
      code: 0,
      stdout: `logged out of ${host}\n`,
    });
    expect(config()).toEqual({ auths: {} });
    expect(await strata(['logout', host])).toMatchObject({ code: 0, stdout: `not logged in to ${host}\n` });
  });
});

describe('with a credential helper', () => {
  /** Keeps what it is given in files. */
  const script = `#!/bin/sh
cd "${'$'}HOME" && case ${'$'}1 in
  store) cat > kept ;;
  get) [ -e kept ] && cat kept || { echo "credentials not found in native keychain"; exit 1; } ;;
  erase) rm kept ;;
esac`;
  beforeEach(() => {
    mkdirSync(join(dir, 'docker'));
    writeFileSync(join(dir, 'docker-credential-files'), script, { mode: 0o755 });
    writeFileSync(configFile, '{"credsStore": "files"}');
  });

  test('login gives it all, and the file nothing', async () => {
    const server = await start({ kind: 'basic', ...me });
    expect(await login(server.host)).toMatchObject({ code: 0, stderr: '' });
    expect(config()).toEqual({ credsStore: 'files', auths: { [server.host]: {} } });
    const kept = JSON.parse(readFileSync(join(dir, 'kept'), 'utf8'));
    expect(kept).toEqual({ ServerURL: server.host, Username: 'me', Secret: 'p:w' });
    expect((await strata(['pull', `${server.host}/none:1`])).stderr).toContain('404');
    expect(await strata(['logout', server.host])).toMatchObject({ stdout: `logged out of ${server.host}\n` });
    expect(readdirSync(dir)).not.toContain('kept');
    expect(await strata(['logout', server.host])).toMatchObject({
      stdout: `not logged in to ${server.host}\n`,
    });
  });

  test('that fails, a pull says what it said', async () => {
    const server = await start({ kind: 'basic', ...me });
    writeFileSync(join(dir, 'docker-credential-files'), '#!/bin/sh\necho the safe is locked; exit 1', {
      mode: 0o755,
    });
    expect(await strata(['pull', `${server.host}/a:1`])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('docker-credential-files exited with 1'),
    });
    expect((await strata(['pull', `${server.host}/a:1`])).stderr).toContain('the safe is locked');
    rmSync(join(dir, 'docker-credential-files'));
    expect((await strata(['pull', `${server.host}/a:1`])).stderr).toContain(
      "docker-credential-files, which Docker's configuration names",
    );
  });
});

describeWith(['registry', 'skopeo'], 'a registry with a password file', () => {
  /** Of "p:w for tests". */
  const line = 'me:$2y$05$abcdefghijklmnopqrstuuyZpaAWIigLMIbja7kmSwxOhT250XdKi\n';

  test('takes us in, and skopeo by what we keep', async () => {
    writeFileSync(join(dir, 'htpasswd'), line);
    const server = await startRegistry(join(dir, 'registry'), {
      auth: { htpasswd: { realm: 'test', path: join(dir, 'htpasswd') } },
    });
    try {
      expect(await login(server.host, 'wrong')).toMatchObject({ code: 1 });
      expect(await login(server.host, 'p:w for tests')).toMatchObject({ code: 0 });
      const skopeo = ['--authfile', configFile, '--tls-verify=false', `docker://${server.host}/none`];
      await expect(runOk('skopeo', ['list-tags', ...skopeo])).rejects.toThrow(/404 \(Not Found\)/);
      rmSync(configFile);
      const skopeoLogin = [
        'login',
        '--tls-verify=false',
        '--authfile',
        configFile,
        '-u',
        'me',
        '--password-stdin',
      ];
      await runOk('skopeo', [...skopeoLogin, server.host], { input: 'p:w for tests' });
      const pulled = await strata(['pull', `${server.host}/none:1`]);
      expect(pulled.stderr).toMatch(/404 Not Found: MANIFEST_UNKNOWN/);
    } finally {
      await server.stop();
    }
  });
});
