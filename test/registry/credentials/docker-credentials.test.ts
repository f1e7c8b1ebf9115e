import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dockerConfigCredentials } from '../../../src/registry/credentials/docker-credentials.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'strata-credentials-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function source(path: string, env: Readonly<Record<string, string>> = {}) {
  const credentials = dockerConfigCredentials(path, env);
  return (registry: string) => credentials(registry, new AbortController().signal);
}

function sourceOf(config: string) {
  const path = join(directory, 'config.json');
  writeFileSync(path, config);
  return source(path);
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('dockerConfigCredentials', () => {
  it.each([
    ['a host', 'r.test', { 'r.test': { auth: base64('me:p:w') } }],
    [
      'a host and port',
      'r.test:5000',
      { 'r.test': { auth: base64('no:no') }, 'r.test:5000': { auth: base64('me:p:w') } },
    ],
    ['an old URL', 'r.test', { 'https://r.test/v1/': { auth: base64('me:p:w') } }],
    ['Docker Hub', 'docker.io', { 'https://index.docker.io/v1/': { auth: base64('me:p:w') } }],
    ['plain members', 'r.test', { 'r.test': { username: 'me', password: 'p:w' } }],
    ['padding', 'r.test', { 'r.test': { auth: base64('me:p:w\0\0') } }],
    ['an empty entry first', 'r.test', { 'https://r.test': {}, 'r.test': { auth: base64('me:p:w') } }],
  ])('finds the entry of %s', async (_title, registry, auths) => {
    const find = sourceOf(JSON.stringify({ auths }));
    expect(await find(registry)).toEqual({ username: 'me', password: 'p:w' });
    expect(await find('other.test')).toBeUndefined();
  });

  it('finds an identity token before what stands beside it', async () => {
    const entry = { auth: base64('me:'), identitytoken: 'id' };
    expect(await sourceOf(JSON.stringify({ auths: { 'r.test': entry } }))('r.test')).toEqual({
      identityToken: 'id',
    });
  });

  it('has none without a file, without auths and without an entry', async () => {
    expect(await source(join(directory, 'missing'))('r.test')).toBeUndefined();
    expect(await sourceOf('{"credsStore":""}')('r.test')).toBeUndefined();
    expect(await sourceOf('')('r.test')).toBeUndefined();
    expect(await sourceOf('{"auths":{"r.test":{}}}')('r.test')).toBeUndefined();
  });

  it.each([
    ['not JSON', '{"auths": {"r.test": {"auth": "secret', /cannot read .*config\.json: it is not JSON$/],
    ['a store without a name', '{"credsStore": ["secret"]}', /credsStore is not the name/],
    [
      'a helper with a path',
      '{"credHelpers": {"r.test": "../secret"}}',
      /helper of r\.test has no usable name/,
    ],
    [
      'auth without a colon',
      JSON.stringify({ auths: { 'r.test': { auth: base64('secret') } } }),
      /auths\["r.test"\]/,
    ],
  ])('says what is wrong: %s', async (_title, config, message) => {
    const failure = await sourceOf(config)('r.test').catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'bad-docker-config', message: expect.stringMatching(message) });
    expect(String(failure)).not.toContain('secret');
  });
});

describe('a credential helper', () => {
  /** Puts `docker-credential-NAME` on a PATH of its own. */
  function helper(name: string, script: string): Record<string, string> {
    const path = join(directory, `docker-credential-${name}`);
    writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return { PATH: `${directory}:/usr/bin:/bin`, LOG: join(directory, 'log') };
  }
  function ask(config: object, env: Record<string, string>, registry = 'r.test') {
    const path = join(directory, 'config.json');
    writeFileSync(path, JSON.stringify(config));
    return source(path, env)(registry);
  }
  const gives = (username: string, secret: string) =>
    `cat > "$LOG"; echo '${JSON.stringify({ ServerURL: 'x', Username: username, Secret: secret })}'`;

  it.each([
    ['for all registries', { credsStore: 'x' }, 'r.test', 'r.test'],
    ['for one registry', { credHelpers: { 'r.test': 'x' }, credsStore: 'none' }, 'r.test', 'r.test'],
    ['for Docker Hub', { credHelpers: { 'docker.io': 'x' } }, 'docker.io', 'https://index.docker.io/v1/'],
    [
      'for Docker Hub by its old name',
      { credHelpers: { 'https://index.docker.io/v1/': 'x' } },
      'docker.io',
      'https://index.docker.io/v1/',
    ],
  ])('is asked on its standard input: %s', async (_title, config, registry, asked) => {
    expect(await ask(config, helper('x', gives('me', 'p"w')), registry)).toEqual({
      username: 'me',
      password: 'p"w',
    });
    expect(readFileSync(join(directory, 'log'), 'utf8')).toBe(asked);
  });

  it('may have an identity token', async () => {
    expect(await ask({ credsStore: 'x' }, helper('x', gives('<token>', 'id')))).toEqual({
      identityToken: 'id',
    });
  });

  it.each([
    ['says so', 'echo "credentials not found in native keychain"; exit 1'],
    ['has an empty secret', gives('me', '')],
  ])('that has nothing leaves the file its turn: it %s', async (_title, script) => {
    const env = helper('x', script);
    expect(await ask({ credsStore: 'x' }, env)).toBeUndefined();
    const auths = { 'r.test': { auth: base64('me:file') } };
    expect(await ask({ credsStore: 'x', auths }, env)).toEqual({ username: 'me', password: 'file' });
  });

  it.each([
    [
      'fails',
      'echo "the keychain is \x1b[1mlocked"; exit 3',
      /^docker-credential-x exited with 3 when asked about r\.test: the keychain is {1,2}\[1mlocked$/,
    ],
    ['complains', 'echo why >&2; exit 1', /exited with 1 when asked about r\.test: why$/],
    ['dies', 'kill -9 $$', /was ended by SIGKILL/],
    ['babbles', 'echo secret', /answers for r\.test with something that is not JSON$/],
  ])('that %s is heard', async (_title, script, message) => {
    await expect(ask({ credsStore: 'x' }, helper('x', script))).rejects.toMatchObject({
      code: 'credential-helper-failed',
      message: expect.stringMatching(message),
    });
  });

  it('that is missing is named, and what names it', async () => {
    await expect(ask({ credsStore: 'none' }, { PATH: directory })).rejects.toMatchObject({
      code: 'credential-helper-missing',
      message: "docker-credential-none, which Docker's configuration names for r.test, is not on the PATH",
      hint: expect.stringContaining('strata login r.test'),
    });
  });
});
