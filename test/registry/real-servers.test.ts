/** Debian's docker-registry in the ways people run it, and the command line against it. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openBlobStore } from '../../src/content/dir-store.ts';
import { openRefs } from '../../src/content/refs.ts';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { parseReference } from '../../src/registry/reference.ts';
import { openWorkspace, storeImage, type Workspace } from '../export/sample.ts';
import { describeWith } from '../support/capabilities.ts';
import { type Authority, makeAuthority } from '../support/certificates.ts';
import { strata } from '../support/in-process.ts';
import { runOk } from '../support/process.ts';
import { type Registry, type RegistrySettings, startRegistry } from '../support/registry.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { linux, never, openClient } from './setup.ts';

describeWith(['registry', 'skopeo'], 'docker-registry', () => {
  let space: Workspace;
  let dir: string;
  let digest: string;
  let servers: Registry[];
  let authority: Authority;

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'strata-servers-'));
    authority = makeAuthority(join(dir, 'ca'));
    servers = [];
    space = openWorkspace();
    digest = (await storeImage(space)).manifest.digest;
  });
  afterEach(async () => {
    await Promise.all(servers.map((each) => each.stop()));
    space.remove();
    rmSync(dir, { recursive: true });
  });

  const start = async (settings: RegistrySettings): Promise<Registry> => {
    const server = await startRegistry(join(dir, `registry-${servers.length}`), settings);
    servers.push(server);
    return server;
  };
  const environment = (root: string) => ({
    PATH: '/usr/bin:/bin',
    HOME: dir,
    STRATA_ROOT: join(dir, root),
    XDG_CONFIG_HOME: join(dir, 'config'),
  });
  const call = (args: string[], root = 'root', stdin = '') => strata(args, { env: environment(root), stdin });
  /** Puts the sample image into a root, under a name. */
  const keep = async (name: string, root = 'root') => {
    mkdirSync(join(dir, root));
    await runOk('cp', ['-r', space.path('images'), join(dir, root)]);
    const images = join(dir, root, 'images');
    const blobs = openBlobStore(images, join(dir, 'ingest'));
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const size = blobs.list().find((blob) => blob.digest === digest)?.size ?? 0;
    await openRefs(images).set(name, { mediaType, digest: digest as `sha256:${string}`, size });
  };
  const expectMoved = async (name: string) => {
    expect(await call(['push', name])).toMatchObject({ code: 0, stdout: `${name} ${digest}\n` });
    expect(await call(['pull', name], 'other')).toMatchObject({ code: 0, stdout: `${name} ${digest}\n` });
  };

  test('with TLS by an authority of its own', async () => {
    const pair = authority.issue('server');
    const server = await start({ http: { tls: { certificate: pair.cert, key: pair.key } } });
    const name = `${server.host}/team/app:1`;
    await keep(name);
    const distrusted = await call(['push', name]);
    expect(distrusted).toMatchObject({ code: 1, stderr: expect.stringContaining('registry-untrusted') });
    expect(distrusted.stderr).toContain(`certs.d/${server.host}`);
    const certificates = join(dir, 'config/docker/certs.d', server.host);
    mkdirSync(certificates, { recursive: true });
    copyFileSync(authority.cert, join(certificates, 'ca.crt'));
    await expectMoved(name);
    await runOk('skopeo', ['inspect', '--cert-dir', certificates, `docker://${name}`]);
    rmSync(join(certificates, 'ca.crt'));
    mkdirSync(join(dir, 'config/strata'));
    writeFileSync(join(dir, 'config/strata/config.json'), JSON.stringify({ 'ca-files': [authority.cert] }));
    await expectMoved(name);
    rmSync(join(dir, 'config/strata/config.json'));
    expect(await call(['pull', '--insecure-registry', server.host, name], 'third')).toMatchObject({
      code: 0,
    });
  });

  test('that wants certificates of its clients', async () => {
    const pair = authority.issue('server');
    const tls = { certificate: pair.cert, key: pair.key, clientcas: [authority.cert] };
    const server = await start({ http: { tls } });
    const name = `${server.host}/team/app:1`;
    await keep(name);
    const certificates = join(dir, 'config/docker/certs.d', server.host);
    mkdirSync(certificates, { recursive: true });
    copyFileSync(authority.cert, join(certificates, 'ca.crt'));
    expect(await call(['push', name])).toMatchObject({ code: 1 });
    const own = authority.issue('client');
    copyFileSync(own.cert, join(certificates, 'client.cert'));
    copyFileSync(own.key, join(certificates, 'client.key'));
    await expectMoved(name);
  });

  test('with a password file', async () => {
    // Of "p:w for tests".
    writeFileSync(join(dir, 'htpasswd'), 'me:$2y$05$abcdefghijklmnopqrstuuyZpaAWIigLMIbja7kmSwxOhT250XdKi\n');
    const server = await start({ auth: { htpasswd: { realm: 'test', path: join(dir, 'htpasswd') } } });
    const name = `${server.host}/team/app:1`;
    await keep(name);
    const login = `strata login ${server.host}`;
    expect(await call(['push', name])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(`401 Unauthorized.*\n  help: log in with .${login}`),
    });
    expect(
      await call(['login', '-u', 'me', '--password-stdin', server.host], 'root', 'p:w for tests'),
    ).toMatchObject({ code: 0 });
    await expectMoved(name);
    const auth = Buffer.from('me:changed since').toString('base64');
    writeFileSync(join(dir, '.docker/config.json'), JSON.stringify({ auths: { [server.host]: { auth } } }));
    expect(await call(['pull', name], 'third')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        `401 Unauthorized.*\n  help: it does not take .*log in anew with .${login}`,
      ),
    });
  });

  test('with tokens, for which one logs in', async () => {
    const signer = authority;
    const issuer: TokenIssuer = await startTokenIssuer(signer, {
      username: 'me',
      password: 'p:w',
      seconds: 60,
    });
    await using _ = issuer;
    const server = await start({ auth: issuer.auth });
    const name = `${server.host}/team/app:1`;
    await keep(name);
    expect(await call(['push', name])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/401 Unauthorized: UNAUTHORIZED/),
    });
    const login = (password: string) =>
      call(['login', '-u', 'me', '--password-stdin', server.host], 'root', password);
    expect(await login('wrong')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/does not take the password of me: .*: wrong user name or password/),
    });
    expect(await login('p:w')).toMatchObject({ code: 0 });
    await expectMoved(name);
    expect(issuer.asked).toContain('GET me repository:team/app:pull,push');
    expect(await call(['logout', server.host])).toMatchObject({ code: 0 });
    expect(await call(['pull', name], 'anybody')).toMatchObject({ code: 0 });
    expect(issuer.asked.at(-1)).toBe('GET nobody repository:team/app:pull');
  });

  test('with tokens that end in the middle of a transfer', async () => {
    await using issuer = await startTokenIssuer(authority, { username: 'me', password: 'p:w', seconds: 2 });
    const server = await start({ auth: issuer.auth });
    const reference = parseReference(`${server.host}/team/slow:1`);
    await using client = openClient({ credentials: async () => ({ username: 'me', password: 'p:w' }) });
    const image = await storeImage(space);
    const blobs = [image.config, ...image.layers];
    const last = blobs.at(-1);
    const pause = () => setTimeout(4_000);
    // The upload has begun by then: what it was begun with is no longer taken when it ends.
    const bring = (blob: Descriptor) => (blob === last ? pause() : Promise.resolve());
    const content = { blobs, manifests: [image.manifest] };
    await client.registry.push(reference, content, space.blobs, { bring }, never);
    const pushing = issuer.asked.length;
    expect(pushing).toBeGreaterThan(1);
    expect(new Set(issuer.asked)).toEqual(new Set(['GET me repository:team/slow:pull,push']));
    const resolved = await client.registry.resolve(reference, linux, client.blobs, never);
    await pause();
    for (const blob of blobs) {
      await client.registry.fetchBlob(reference, blob, client.blobs, () => undefined, never);
    }
    expect(resolved.manifest.digest).toBe(image.manifest.digest);
    // One for the manifest, one after the pause, and more where the machine is slower than a token lives.
    const pulling = issuer.asked.slice(pushing);
    expect(pulling.length).toBeGreaterThan(1);
    expect(new Set(pulling)).toEqual(new Set(['GET me repository:team/slow:pull']));
    expect(client.blobs.list().map(({ digest }) => digest)).toEqual(
      expect.arrayContaining(blobs.map(({ digest }) => digest)),
    );
  });

  test('with an identity token, which skopeo can use too', async () => {
    const options = { username: 'me', password: 'p:w', identityToken: 'identity', seconds: 60 };
    const issuer = await startTokenIssuer(authority, options);
    await using _ = issuer;
    const server = await start({ auth: issuer.auth });
    const name = `${server.host}/team/app:1`;
    await keep(name);
    await call(['login', '-u', 'me', '--password-stdin', server.host], 'root', 'p:w');
    const config = join(dir, '.docker/config.json');
    expect(readFileSync(config, 'utf8')).not.toContain(Buffer.from('me:p:w').toString('base64'));
    await expectMoved(name);
    expect(issuer.asked).toContain('POST me repository:team/app:pull,push');
    const copy = [
      'copy',
      '--quiet',
      '--src-tls-verify=false',
      '--dest-tls-verify=false',
      '--authfile',
      config,
    ];
    await runOk('skopeo', [...copy, `docker://${name}`, `docker://${server.host}/team/copy:1`]);
  });

  test('as a pull-through mirror of Docker Hub, named by flag, by our configuration, by that of Docker', async () => {
    const origin = await start({});
    const mirror = await start({ proxy: { remoteurl: `http://${origin.host}` } });
    await keep(`${origin.host}/library/tiny:1`);
    await call(['push', `${origin.host}/library/tiny:1`]);
    const want = { code: 0, stdout: `docker.io/library/tiny:1 ${digest}\n` };
    const flag = ['--registry-mirror', `docker.io=http://${mirror.host}`];
    expect(await call(['pull', ...flag, 'tiny:1'], 'by-flag')).toMatchObject(want);
    const write = (path: string, value: unknown) => {
      mkdirSync(join(dir, 'config', path, '..'), { recursive: true });
      writeFileSync(join(dir, 'config', path), JSON.stringify(value));
    };
    // The mirror stores a blob after it gave it.
    const { config, layers } = await storeImage(space);
    for (const blob of [config, ...layers]) {
      await expect.poll(() => mirror.has('library/tiny', blob.digest), { timeout: 20_000 }).toBe(true);
    }
    await origin.stop();
    write('docker/daemon.json', { 'registry-mirrors': [`http://${mirror.host}`], debug: true });
    expect(await call(['pull', 'tiny:1'], 'by-docker')).toMatchObject(want);
    write('docker/daemon.json', { 'registry-mirrors': ['http://127.0.0.1:1'] });
    write('strata/config.json', { 'registry-mirrors': { 'docker.io': [`http://${mirror.host}`] } });
    expect(await call(['pull', 'tiny:1'], 'by-us')).toMatchObject(want);
  });

  test('behind mirrors that are of no use, which is said in a line each', async () => {
    const origin = await start({});
    const empty = await start({});
    const name = `${origin.host}/team/app:1`;
    await keep(name);
    await call(['push', name]);
    const mirrors = ['127.0.0.1:1', empty.host].flatMap((host) => [
      '--registry-mirror',
      `${origin.host}=http://${host}`,
    ]);
    const pulled = await call(['pull', '--progress', 'plain', ...mirrors, name], 'other');
    expect(pulled).toMatchObject({ code: 0, stdout: `${name} ${digest}\n` });
    const pushed = await call(['push', ...mirrors, name]);
    expect(pushed).toMatchObject({ code: 2, stderr: expect.stringContaining('--registry-mirror') });
    const said = pulled.stderr.split('\n').filter((line) => line.includes('is left out'));
    expect(said).toEqual([
      expect.stringMatching(/^mirror 127\.0\.0\.1:1 is left out: cannot reach .*: connection refused/),
      expect.stringMatching(
        new RegExp(`^mirror ${empty.host} is left out: .*404 Not Found: MANIFEST_UNKNOWN`),
      ),
    ]);
  });
});
