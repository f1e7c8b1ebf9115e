import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dockerConfigCredentials } from '../../src/registry/credentials.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'strata-credentials-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function sourceOf(config: string) {
  const path = join(directory, 'config.json');
  writeFileSync(path, config);
  return dockerConfigCredentials(path);
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
    const source = sourceOf(JSON.stringify({ auths }));
    expect(await source(registry)).toEqual({ username: 'me', password: 'p:w' });
    expect(await source('other.test')).toBeUndefined();
  });

  it('has none without a file, without auths and without an entry', async () => {
    expect(await dockerConfigCredentials(join(directory, 'missing'))('r.test')).toBeUndefined();
    expect(await sourceOf('{"credsStore":"x"}')('r.test')).toBeUndefined();
    expect(await sourceOf('{"auths":{"r.test":{}}}')('r.test')).toBeUndefined();
  });

  it.each([
    ['not JSON', '{"auths"', /cannot read .*config\.json/],
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
