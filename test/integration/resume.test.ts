import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addImage, type TestImage } from '../registry/setup.ts';
import { type FaultyRegistry, startFaultyRegistry } from '../support/faulty-registry.ts';
import { type RunOptions, runOk } from '../support/process.ts';
import { startRegistry } from '../support/registry.ts';
import { describeBuilds } from '../support/site.ts';

describeBuilds(['root'], 'a pull', (site) => {
  let server: FaultyRegistry;
  let image: TestImage;
  let name: string;
  beforeEach(async () => {
    server = await startFaultyRegistry();
    image = addImage(server, 'app', '1', [4_000_000]);
    name = `${server.host}/app:1`;
  });
  afterEach(() => server[Symbol.asyncDispose]());

  const layer = () => image.layers[0]?.digest ?? '';
  const requests = () => server.seen.filter(({ path }) => path.endsWith(layer()));

  test('that was killed goes on where it was', async () => {
    server.fail(new RegExp(layer()), { kind: 'stall', after: 3_000_000 });
    const root = site.path('killed');
    const partial = join(root, 'partial', layer().slice('sha256:'.length));
    let pid = 0;
    const killed = site.strata(['--root', root, 'pull', name], {
      onStart: (started) => {
        pid = started;
      },
    });
    await expect.poll(() => sizeOf(partial), { timeout: 20_000 }).toBeGreaterThan(1_000_000);
    process.kill(pid, 'SIGKILL');
    expect((await killed).code).toBe(137);
    const left = sizeOf(partial);

    const pulled = await site.strata(['--root', root, 'pull', name]);
    expect(pulled).toMatchObject({ code: 0, stdout: `${name} ${image.manifest.digest}\n` });
    expect(requests().map(({ headers }) => headers.range)).toEqual([undefined, `bytes=${left}-`]);
    expect(readdirSync(join(root, 'partial'))).toEqual([]);
    const stored = readFileSync(join(root, 'images/blobs/sha256', layer().slice('sha256:'.length)));
    expect(createHash('sha256').update(stored).digest('hex')).toBe(layer().slice('sha256:'.length));
  });

  test('that two people do at once is done once', async () => {
    server.fail(new RegExp(layer()), { kind: 'slow', bytesPerSecond: 4_000_000 });
    const root = site.path('shared');
    const outcomes = await Promise.all([1, 2].map(() => site.strata(['--root', root, 'pull', name])));
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0]);
    expect(requests().length).toBe(1);
    expect(outcomes.map(({ stderr }) => stderr).join('')).toContain('is being downloaded by another process');
  });

  test('and a push say nothing of secrets, whatever goes wrong', async () => {
    const secret = 'tops3cret';
    const guarded = await startFaultyRegistry({ guard: { kind: 'basic', username: 'me', password: secret } });
    await using _ = guarded;
    addImage(guarded, 'app', '1', [10]);
    const auth = Buffer.from(`me:${secret}`).toString('base64');
    mkdirSync(site.path('docker'), { recursive: true });
    writeFileSync(site.path('docker/config.json'), JSON.stringify({ auths: { [guarded.host]: { auth } } }));
    const env = { DOCKER_CONFIG: site.path('docker') };
    const seen: string[] = [];
    const watch: RunOptions = { env, onStart: (pid) => void seen.push(commandLineOf(pid)) };
    const call = async (...args: string[]) => {
      const { stdout, stderr } = await site.strata(
        ['--debug', '--root', site.path('secret'), ...args],
        watch,
      );
      seen.push(stdout, stderr);
    };
    for (const status of [401, 403, 404, 429, 500]) {
      guarded.fail(/./, { kind: 'status', status, headers: { 'retry-after': '999' } }, 9);
      await call('pull', `${guarded.host}/app:1`);
      guarded.forgive();
    }
    await call('pull', '--progress', 'rawjson', `${guarded.host}/app:1`);
    expect(seen.length).toBe(18);
    expect(seen.filter((text) => text.includes(secret) || text.includes(auth))).toEqual([]);
  });
});

describeBuilds(['root', 'registry'], 'half a gigabyte', (site) => {
  const bytes = 512 << 20;

  test('moves through little memory', async () => {
    const server = await startRegistry(site.path('registry'));
    try {
      const name = `${server.host}/big:1`;
      writeLayout(site.path('layout'), name);
      await site.strataOk(['load', '-i', site.path('layout')]);
      const pushing = peakOf();
      await site.strataOk(['push', name], pushing.options);
      const pulling = peakOf();
      await site.strataOk(['--root', site.path('other'), 'pull', name], pulling.options);
      expect(Math.max(pushing.peak(), pulling.peak())).toBeLessThan(bytes / 2);
      expect(Math.min(pushing.peak(), pulling.peak())).toBeGreaterThan(0);
      await runOk('skopeo', ['inspect', '--tls-verify=false', `docker://${name}`]);
    } finally {
      await server.stop();
    }
  });

  /** An image of one layer that is what it says and holds nothing. */
  function writeLayout(dir: string, name: string): void {
    const blobs = join(dir, 'blobs/sha256');
    mkdirSync(blobs, { recursive: true });
    const hash = createHash('sha256');
    const piece = randomBytes(1 << 20);
    const fd = openSync(join(dir, 'layer'), 'w');
    for (let at = 0; at < bytes; at += piece.length) {
      piece.writeUInt32LE(at, 0);
      hash.update(piece);
      writeSync(fd, piece);
    }
    closeSync(fd);
    const hex = hash.digest('hex');
    const put = (mediaType: string, document: object) => {
      const text = JSON.stringify(document);
      const digest = createHash('sha256').update(text).digest('hex');
      writeFileSync(join(blobs, digest), text);
      return {
        mediaType: `application/vnd.oci.image.${mediaType}+json`,
        digest: `sha256:${digest}`,
        size: text.length,
      };
    };
    const rootfs = { type: 'layers', diff_ids: [`sha256:${hex}`] };
    const config = put('config.v1', { architecture: 'amd64', os: 'linux', rootfs });
    const layers = [
      { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: `sha256:${hex}`, size: bytes },
    ];
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const manifest = put('manifest.v1', { schemaVersion: 2, mediaType, config, layers });
    const annotations = { 'org.opencontainers.image.ref.name': name };
    writeFileSync(join(dir, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    writeFileSync(
      join(dir, 'index.json'),
      JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }),
    );
    renameSync(join(dir, 'layer'), join(blobs, hex));
  }

  /** Looks again and again at how much memory a process has had at most. */
  function peakOf(): { readonly options: RunOptions; peak(): number } {
    let highest = 0;
    const onStart = (pid: number) => {
      const timer = setInterval(() => {
        try {
          const status = readFileSync(`/proc/${pid}/status`, 'utf8');
          const kilobytes = Number(/^VmHWM:\s*([0-9]+) kB/m.exec(status)?.[1] ?? 0);
          highest = Math.max(highest, kilobytes * 1024);
        } catch {
          clearInterval(timer);
        }
      }, 20);
    };
    return { options: { onStart }, peak: () => highest };
  }
});

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function commandLineOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
}
