import { afterEach, describe, expect, it } from 'vitest';
import type { Credentials } from '../../../src/registry/credentials/credentials.ts';
import { parseReference } from '../../../src/registry/reference.ts';
import { type FaultyRegistry, type Guard, startFaultyRegistry } from '../../support/faulty-registry.ts';
import { addImage, type Client, linux, never, openClient } from '../setup.ts';

const me: Credentials = { username: 'me', password: 'p:w' };
const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

/** A server behind a guard, and a client that has credentials for some hosts. */
async function start(
  guard: Guard,
  known: 'none' | 'mine' | 'wrong' | 'identity' = 'none',
): Promise<[FaultyRegistry, Client, string[]]> {
  const server = await startFaultyRegistry({ guard });
  const asked: string[] = [];
  const client = openClient({
    credentials: async (registry) => {
      asked.push(registry);
      if (known === 'none' || registry !== server.host) return undefined;
      if (known === 'identity') return { identityToken: 'id' };
      return known === 'mine' ? me : { ...me, password: 'wrong' };
    },
  });
  open.push(server, client);
  return [server, client, asked];
}

const resolve = (server: FaultyRegistry, client: Client, name: string) =>
  client.registry.resolve(parseReference(`${server.host}/${name}`), linux, client.blobs, never);

const pull = async (server: FaultyRegistry, client: Client, image: ReturnType<typeof addImage>) => {
  const reference = parseReference(`${server.host}/app`);
  const fetch = (blob: { digest: `sha256:${string}`; size: number }) =>
    client.registry.fetchBlob(reference, blob, client.blobs, () => undefined, never);
  await Promise.all([image.config, ...image.layers].map(fetch));
};

describe('a token', () => {
  it('is fetched once for all of a repository', async () => {
    const [server, client] = await start({ kind: 'token' });
    const image = addImage(server, 'app', '1', [10, 20, 30]);
    await resolve(server, client, 'app:1');
    await pull(server, client, image);
    const tokens = server.seen.filter(({ path }) => path.startsWith('/token'));
    expect(tokens.map(({ path }) => path)).toEqual(['/token?service=test&scope=repository%3Aapp%3Apull']);
    expect(tokens[0]?.headers.authorization).toBeUndefined();
    expect(server.log()[2]).toBe('HEAD /v2/app/manifests/1');
  });

  it('is fetched once more when it is no longer taken, however many requests notice', async () => {
    const [server, client] = await start({ kind: 'token' });
    const image = addImage(server, 'app', '1', [10, 20, 30]);
    await resolve(server, client, 'app:1');
    server.revokeTokens();
    await pull(server, client, image);
    expect(server.log().filter((line) => line.startsWith('GET /token')).length).toBe(2);
  });

  it('is for one repository only', async () => {
    const [server, client] = await start({ kind: 'token' });
    addImage(server, 'a', '1', []);
    addImage(server, 'b/c', '1', []);
    await resolve(server, client, 'a:1');
    await resolve(server, client, 'b/c:1');
    expect(server.log().filter((line) => line.startsWith('GET /token'))).toEqual([
      'GET /token?service=test&scope=repository%3Aa%3Apull',
      'GET /token?service=test&scope=repository%3Ab%2Fc%3Apull',
    ]);
  });

  it('is asked for with credentials where there are some', async () => {
    const [server, client] = await start({ kind: 'token', ...me }, 'mine');
    addImage(server, 'app', '1', []);
    await resolve(server, client, 'app:1');
    const token = server.seen.find(({ path }) => path.startsWith('/token'));
    expect(token?.headers.authorization).toBe(`Basic ${Buffer.from('me:p:w').toString('base64')}`);
  });
});

describe('an identity token', () => {
  it('is traded for a token, in the body of the request', async () => {
    const [server, client] = await start({ kind: 'token', ...me, identityToken: 'id' }, 'identity');
    addImage(server, 'app', '1', []);
    await resolve(server, client, 'app:1');
    const tokens = server.seen.filter(({ path }) => path.startsWith('/token'));
    expect(tokens.map(({ method, path, headers }) => [method, path, headers.authorization])).toEqual([
      ['POST', '/token', undefined],
    ]);
  });

  it('does not follow a redirect to another server', async () => {
    const [server, client] = await start({ kind: 'token', ...me, identityToken: 'id' }, 'identity');
    await using other = await startFaultyRegistry();
    addImage(server, 'app', '1', []);
    server.fail(/token/, { kind: 'redirect', to: `http://${other.host}/token`, status: 307 });
    await expect(resolve(server, client, 'app:1')).rejects.toMatchObject({ code: 'registry-protocol' });
    expect(other.seen).toEqual([]);
  });

  it('says nothing to a registry that wants a password', async () => {
    const [server, client] = await start({ kind: 'basic', ...me }, 'identity');
    addImage(server, 'app', '1', []);
    await expect(resolve(server, client, 'app:1')).rejects.toMatchObject({ code: 'registry-unauthorized' });
  });
});

describe('Basic', () => {
  it('is used where it is asked for, and from then on without being asked', async () => {
    const [server, client] = await start({ kind: 'basic', ...me }, 'mine');
    const image = addImage(server, 'app', '1', [10]);
    await resolve(server, client, 'app:1');
    await pull(server, client, image);
    const bare = server.seen.filter(({ headers }) => headers.authorization === undefined);
    expect(bare.map(({ method }) => method)).toEqual(['HEAD']);
  });

  it('is not given away unasked', async () => {
    const [server, client, asked] = await start({ kind: 'basic', ...me });
    await using public_ = await startFaultyRegistry();
    addImage(public_, 'app', '1', []);
    await resolve(public_, client, 'app:1');
    expect([asked, server.seen]).toEqual([[], []]);
  });
});

describe('without a way in', () => {
  it.each([
    [
      'no credentials for Basic',
      { kind: 'basic', ...me },
      'none',
      /^GET .*\/manifests\/1: 401 Unauthorized: UNAUTHORIZED: authentication required$/,
    ],
    ['wrong credentials for Basic', { kind: 'basic', ...me }, 'wrong', /\/manifests\/1: 401 Unauthorized/],
    ['wrong credentials for a token', { kind: 'token', ...me }, 'wrong', /\/token\?…: 401 Unauthorized/],
    ['no credentials for a token', { kind: 'token', ...me }, 'none', /\/token\?…: 401 Unauthorized/],
  ] as const)('the error says so: %s', async (_title, guard, known, message) => {
    const [server, client] = await start(guard, known);
    addImage(server, 'app', '1', []);
    const failure = await resolve(server, client, 'app:1').catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'registry-unauthorized',
      message: expect.stringMatching(message),
      hint: expect.stringMatching(known === 'none' ? /^log in with/ : /^it does not take .* log in anew/),
    });
    expect(JSON.stringify(failure)).not.toContain('wrong');
  });

  it('a token that holds nothing is an error', async () => {
    const [server, client] = await start({ kind: 'token' });
    addImage(server, 'app', '1', []);
    server.fail(/token/, { kind: 'status', status: 200, body: '{"token":""}' }, 9);
    await expect(resolve(server, client, 'app:1')).rejects.toMatchObject({
      code: 'registry-protocol',
      message: expect.stringMatching(/the answer holds no token$/),
    });
  });
});

describe('credentials stay home', () => {
  it('when a blob is redirected to another server', async () => {
    const [server, client] = await start({ kind: 'basic', ...me }, 'mine');
    await using store = await startFaultyRegistry();
    const image = addImage(server, 'app', '1', [50]);
    for (const [key, bytes] of server.blobs) store.blobs.set(key, bytes);
    for (const { digest } of [image.config, ...image.layers]) {
      server.fail(new RegExp(digest), {
        kind: 'status',
        status: 401,
        headers: { 'www-authenticate': 'Basic' },
      });
      server.fail(new RegExp(digest), {
        kind: 'redirect',
        to: `http://${store.host}/v2/app/blobs/${digest}?sig=secret`,
      });
    }
    await pull(server, client, image);
    expect(store.seen.length).toBe(2);
    expect(store.seen.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
  });

  it('and a redirect to the same server keeps them', async () => {
    const [server, client] = await start({ kind: 'basic', ...me }, 'mine');
    addImage(server, 'app', '1', []);
    server.fail(/HEAD/, { kind: 'status', status: 401, headers: { 'www-authenticate': 'Basic' } });
    server.fail(/HEAD/, { kind: 'redirect', to: '/v2/app/manifests/1' });
    await expect(resolve(server, client, 'app:1')).resolves.toBeDefined();
  });

  it('when a server behind a redirect asks for them', async () => {
    const [server, client] = await start({ kind: 'basic', ...me }, 'mine');
    await using other = await startFaultyRegistry({ guard: { kind: 'basic', ...me } });
    addImage(other, 'app', '1', []);
    server.fail(/./, { kind: 'redirect', to: `http://${other.host}/v2/app/manifests/1` }, 9);
    await expect(resolve(server, client, 'app:1')).rejects.toMatchObject({ code: 'registry-unauthorized' });
    expect(other.seen.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
  });
});
