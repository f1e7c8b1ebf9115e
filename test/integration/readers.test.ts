/**
 * Images move between strata and everybody else's tools, in every form and compression, and are the same on
 * both sides: the same digests, the same files.
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { refereeNeeds } from '../support/capabilities.ts';
import { type DockerEngine, startDockerd } from '../support/dockerd.ts';
import { runOk } from '../support/process.ts';
import { type Registry, startRegistry } from '../support/registry.ts';
import { describeBuilds } from '../support/site.ts';
import { treeListing } from '../support/tree-listing.ts';

const compressions = ['gzip', 'zstd', 'uncompressed'] as const;
type Compression = (typeof compressions)[number];

/** What somebody else says of an image: the digest of its manifest or of its config, and its files. */
interface Reading {
  readonly manifest?: string;
  readonly config?: string;
  readonly files?: Readonly<Record<string, string>>;
}

describeBuilds([...refereeNeeds, 'registry', 'ctr'], 'between strata and other tools', (site) => {
  let engine: DockerEngine;
  let registry: Registry;
  let context: string;
  let want: { readonly config: string; readonly files: Readonly<Record<string, string>> };
  const manifests = new Map<string, string>();

  beforeAll(async () => {
    engine = await startDockerd(site.path('docker'));
    registry = await startRegistry(site.path('registry'));
    context = site.files('context', {
      Dockerfile: `FROM scratch
COPY --chmod=755 busybox /app/busybox
RUN ["/app/busybox", "sh", "-c", "cd /app; ./busybox ln -s busybox cat; ./busybox mkdir -m 1777 open"]
COPY --chown=1234:5 --chmod=4640 text /app/text
RUN ["/app/busybox", "ln", "/app/text", "/app/twin"]
CMD ["/app/busybox", "cat", "/app/twin"]
`,
      text: 'read me\n',
    });
    copyFileSync('/bin/busybox', join(context, 'busybox'));
    for (const compression of compressions) {
      const form = `compression=${compression},force-compression=true`;
      const digest = await site.strataOk([
        ...['build', '--quiet', '--iidfile', site.path('iid'), '-t', nameOf(compression)],
        ...['-o', `type=oci,dest=${pathOf(compression, 'oci.tar')},${form}`],
        ...['-o', `type=oci,tar=false,dest=${pathOf(compression, 'oci')},${form}`],
        ...['-o', `type=docker,dest=${pathOf(compression, 'docker.tar')},${form}`],
        ...['-o', `type=registry,${form}`, '--metadata-file', site.path('metadata'), context],
      ]);
      expect(digest.trim()).toBe(readFileSync(site.path('iid'), 'utf8'));
      const metadata = JSON.parse(readFileSync(site.path('metadata'), 'utf8'));
      manifests.set(compression, metadata['containerimage.digest']);
    }
    await site.strataOk(['build', '-o', `type=tar,dest=${site.path('files.tar')}`, context]);
    const files = filesOf(await unpack(site.path('files.tar')));
    want = { config: readFileSync(site.path('iid'), 'utf8'), files };
    expect([Object.keys(want.files), new Set(manifests.values()).size]).toEqual([
      ['/app', '/app/busybox', '/app/cat', '/app/open', '/app/text', '/app/twin'],
      3,
    ]);
  });
  afterAll(async () => {
    await engine?.stop();
    await registry?.stop();
  });

  const nameOf = (compression: string) => `${registry.host}/team/app:${compression}`;
  const pathOf = (compression: string, form: string) => site.path(`${compression}.${form}`);
  /** A tool that mounts images sees our files, engines also see those of their own. */
  const filesOf = (dir: string) =>
    Object.fromEntries(
      Object.entries(treeListing(dir, Number.MAX_SAFE_INTEGER)).filter(([path]) => /^\/app\b/.test(path)),
    );

  /** An archive's files, owners and all, in a directory. */
  const unpack = async (archive: string): Promise<string> => {
    const dir = `${archive}.files`;
    mkdirSync(dir);
    await runOk('tar', ['-C', dir, '-xpf', archive]);
    return dir;
  };

  const skopeo = (...args: string[]) => runOk('skopeo', args);
  const docker = async (...args: string[]) => {
    const outcome = await engine.docker(args);
    expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
    return outcome.stdout.trim();
  };
  const ctr = (...args: string[]) =>
    runOk('ctr', ['--address', engine.containerd, '--namespace', 'test', 'images', ...args]);
  const buildah = (...args: string[]) => {
    const places = ['--root', site.path('buildah'), '--runroot', site.path('buildah-run')];
    return runOk('buildah', [...places, '--storage-driver', 'vfs', ...args]).then((text) => text.trim());
  };
  const sourceOf = (form: string, compression: string) =>
    form === 'registry'
      ? `docker://${nameOf(compression)}`
      : { 'oci.tar': 'oci-archive:', oci: 'oci:', 'docker.tar': 'docker-archive:' }[form] +
        pathOf(compression, form);
  const plainly = (form: string, flag: string) => (form === 'registry' ? [`${flag}=false`] : []);

  /** skopeo checks every blob on its way. */
  async function readBySkopeo(form: string, compression: Compression): Promise<Reading> {
    const copy = site.path('skopeo-copy');
    const source = sourceOf(form, compression);
    await skopeo('copy', '-q', ...plainly(form, '--src-tls-verify'), source, `dir:${copy}`);
    const { config } = JSON.parse(readFileSync(join(copy, 'manifest.json'), 'utf8'));
    rmSync(copy, { recursive: true });
    if (form === 'docker.tar') return { config: config.digest };
    const format = ['--format', '{{.Digest}}'];
    const manifest = await skopeo('inspect', ...plainly(form, '--tls-verify'), ...format, source);
    return { config: config.digest, manifest: manifest.trim() };
  }

  async function readByUmoci(_form: string, compression: Compression): Promise<Reading> {
    const bundle = site.path(`${compression}.bundle`);
    await runOk('umoci', ['unpack', '--image', `${pathOf(compression, 'oci')}:${compression}`, bundle]);
    return { files: filesOf(join(bundle, 'rootfs')) };
  }

  async function readByBuildah(form: string, compression: Compression): Promise<Reading> {
    const config = await buildah(
      ...['pull', '-q', ...plainly(form, '--tls-verify')],
      sourceOf(form, compression),
    );
    const container = await buildah('from', config);
    const files = filesOf(await buildah('mount', container));
    await buildah('rm', container);
    await buildah('rmi', '--force', config);
    return { config: `sha256:${config}`, files };
  }

  async function readByDocker(form: string, compression: Compression): Promise<Reading> {
    const name = nameOf(compression);
    const bring =
      form === 'registry' ? ['pull', '-q', name] : ['load', '-q', '-i', pathOf(compression, form)];
    expect(await docker(...bring)).toContain(name);
    expect(await docker('run', '--rm', '--network', 'none', name)).toBe('read me');
    const [image] = JSON.parse(await docker('image', 'inspect', name));
    const container = await docker('create', '--network', 'none', name);
    const exported = site.path('exported');
    mkdirSync(exported);
    await docker('export', '-o', `${exported}.tar`, container);
    await runOk('tar', ['-C', exported, '-xf', `${exported}.tar`]);
    const files = filesOf(exported);
    rmSync(exported, { recursive: true });
    await docker('rm', container);
    await docker('rmi', name);
    const [pulled] = image.RepoDigests.map((each: string) => each.split('@')[1]);
    return { config: image.Id, files, ...(pulled === undefined ? {} : { manifest: pulled }) };
  }

  async function readByContainerd(form: string, compression: Compression): Promise<Reading> {
    const name = nameOf(compression);
    if (form === 'registry') await ctr('pull', '--plain-http', name);
    else await ctr('import', pathOf(compression, form));
    const listed = await ctr('ls', `name==${name}`);
    const mounted = site.path('mounted');
    mkdirSync(mounted);
    await ctr('mount', name, mounted);
    const files = filesOf(mounted);
    await ctr('unmount', '--rm', mounted);
    rmSync(mounted, { recursive: true });
    await ctr('rm', '--sync', name);
    const manifest = /sha256:[0-9a-f]{64}/.exec(listed)?.[0];
    return { files, ...(manifest === undefined ? {} : { manifest }) };
  }

  const readers: readonly [
    who: string,
    forms: readonly string[],
    read: (form: string, compression: Compression) => Promise<Reading>,
    says: readonly (keyof Reading)[],
  ][] = [
    ['skopeo', ['oci.tar', 'oci', 'registry'], readBySkopeo, ['config', 'manifest']],
    ['skopeo', ['docker.tar'], readBySkopeo, ['config']],
    ['umoci', ['oci'], readByUmoci, ['files']],
    ['buildah', ['oci.tar', 'oci', 'docker.tar', 'registry'], readByBuildah, ['config', 'files']],
    ['docker', ['docker.tar'], readByDocker, ['config', 'files']],
    ['docker', ['registry'], readByDocker, ['config', 'files', 'manifest']],
    ['containerd', ['oci.tar', 'docker.tar', 'registry'], readByContainerd, ['files', 'manifest']],
  ];
  /** Debian's umoci and docker are older than layers with zstd. */
  const isReadable = (who: string, compression: Compression) =>
    compression !== 'zstd' || !['umoci', 'docker'].includes(who);
  const matrix = readers.flatMap(([who, forms, read, says]) =>
    forms.flatMap((form) =>
      compressions
        .filter((compression) => isReadable(who, compression))
        .map((compression) => [who, form, compression, read, says] as const),
    ),
  );

  test.each(matrix)('%s reads our %s with %s', async (_who, form, compression, read, says) => {
    const all: Reading = { ...want, manifest: manifests.get(compression) ?? '' };
    const expected = Object.fromEntries(says.map((what) => [what, all[what]]));
    expect(await read(form, compression)).toEqual(expected);
  });

  /** Makes an image of a tool's own with our files, and returns its id. */
  async function commitWithBuildah(): Promise<string> {
    const container = await buildah('from', 'scratch');
    await buildah('add', '-q', container, site.path('files.tar'));
    await buildah('config', '--cmd', '/app/busybox', '--created-by', 'them', container);
    return buildah('commit', '--rm', '-q', container);
  }

  async function importIntoDocker(): Promise<string> {
    return docker('import', '--change', 'CMD ["/app/busybox"]', site.path('files.tar'), 'theirs/docker:1');
  }

  /** Where the archive is for skopeo, and the id of the image in it. */
  type Archive = readonly [source: string, id: string];
  const writers: readonly [title: string, write: (path: string) => Promise<Archive>][] = [
    [
      'docker save',
      async (path) => {
        const id = await importIntoDocker();
        await docker('save', '-o', path, 'theirs/docker:1');
        return [`docker-archive:${path}`, id];
      },
    ],
    ...['docker-archive', 'oci-archive', 'oci'].map((kind): [string, (path: string) => Promise<Archive>] => [
      `buildah push ${kind}`,
      async (path) => {
        const id = await commitWithBuildah();
        await buildah('push', '-q', id, `${kind}:${path}:theirs/buildah:1`);
        // A conversion to Docker's form may write another config.
        const manifest = await skopeo('inspect', '--raw', `${kind}:${path}`);
        return [`${kind}:${path}`, JSON.parse(manifest).config.digest ?? id];
      },
    ]),
    ...['docker-archive', 'oci-archive', 'oci'].map((kind): [string, (path: string) => Promise<Archive>] => [
      `skopeo copy ${kind}`,
      async (path) => {
        const source = sourceOf('registry', 'gzip');
        await skopeo('copy', '-q', '--src-tls-verify=false', source, `${kind}:${path}:theirs/skopeo:1`);
        return [`${kind}:${path}`, want.config];
      },
    ]),
  ];

  test.each(writers)('we load what %s wrote, and build on it', async (title, write) => {
    const file = title.replaceAll(' ', '-');
    const path = site.path(file);
    const [source, id] = await write(path);
    const root = ['--root', `${path}.store`];
    const name = `theirs/${title.split(' ')[0]}:1`;
    await site.strataOk([...root, 'load', '-i', path]);
    const [image] = JSON.parse(await site.strataOk([...root, 'images', '--json']));
    const isOCI = source.startsWith('oci');
    const manifest = (await skopeo('inspect', '--format', '{{.Digest}}', source)).trim();
    expect(image).toMatchObject({ id, ...(isOCI ? { digest: manifest } : {}) });
    expect(image.name).toMatch(new RegExp(`${name}$`));

    const child = site.files(`${file}.child`, {
      Dockerfile: `FROM ${image.name}\nRUN ["/app/busybox", "sh", "-c", "cat /app/twin > /read"]\n`,
    });
    const built = `${path}.child.tar`;
    const outputs = ['-o', `type=oci,dest=${built}`, '-o', `type=tar,dest=${path}.tar`];
    await site.strataOk([...root, 'build', ...outputs, child]);
    const files = await unpack(`${path}.tar`);
    expect(readFileSync(join(files, 'read'), 'utf8')).toBe('read me\n');
    expect(filesOf(files)).toEqual(want.files);
    const layersOf = async (where: string) => JSON.parse(await skopeo('inspect', where)).Layers as string[];
    const theirs = await layersOf(source);
    expect((await layersOf(`oci-archive:${built}`)).slice(0, -1)).toEqual(theirs);
  });
});
