import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { type Descriptor, type ImageIndex, type Manifest, mediaTypes } from '../../src/oci/descriptor.ts';
import { run, runOk } from '../support/process.ts';
import { skopeoInspect } from '../support/referees.ts';
import { describeBuilds } from '../support/site.ts';

/** A layout directory, read. */
function layout(dir: string) {
  const json = (path: string) => JSON.parse(readFileSync(join(dir, path), 'utf8'));
  const blob = ({ digest }: Descriptor) => json(`blobs/sha256/${digest.slice('sha256:'.length)}`);
  const index = json('index.json') as ImageIndex;
  const [root] = index.manifests;
  if (root === undefined) throw new Error(`${dir} is empty`);
  return { root, names: index.manifests.map((each) => each.annotations), document: blob(root), blob };
}

const manifestOf = (dir: string) => layout(dir).document as Manifest;

describeBuilds(['root', 'overlay', 'skopeo'], 'outputs', (site) => {
  let context: string;
  let child: string;
  beforeAll(async () => {
    context = site.files('context', {
      Dockerfile: 'FROM scratch\nCOPY text /text\nCOPY more /more\nCMD ["/text"]\n',
      text: 'hello\n'.repeat(50_000),
      more: 'more\n',
    });
    child = site.files('child', { Dockerfile: 'FROM base\nCOPY child /child\n', child: 'child\n' });
    await site.strataOk(['build', '-t', 'base', context]);
  });
  const build = (args: readonly string[], from = context) => site.strataOk(['build', ...args, from]);
  const out = (name: string, ...more: string[]) => [
    '--output',
    ['type=oci', 'tar=false', `dest=${site.path(name)}`, ...more].join(','),
  ];

  test('of one build are the same image in every form', async () => {
    const files = site.path('files');
    const args = ['-t', 'app:1', '-t', 'registry.test/team/app:2'];
    args.push(...out('a.layout', 'name=third'), '--output', `type=oci,dest=${site.path('a.tar')}`);
    args.push('--output', `type=docker,dest=${site.path('a.docker.tar')}`);
    args.push('--output', `type=docker,tar=false,dest=${site.path('a.docker')}`);
    args.push('--output', `type=local,dest=${files}`, '--output', `type=tar,dest=${site.path('files.tar')}`);
    const metadata = site.path('metadata.json');
    await build([...args, '--load', '--iidfile', site.path('iid'), '--metadata-file', metadata]);

    const { root, names, document } = layout(site.path('a.layout'));
    expect(names.map((each) => each?.['io.containerd.image.name'])).toEqual([
      'docker.io/library/app:1',
      'registry.test/team/app:2',
      'docker.io/library/third:latest',
    ]);
    const { config } = document as Manifest;
    expect(readFileSync(site.path('iid'), 'utf8')).toBe(config.digest);
    const { annotations: _, ...descriptor } = root;
    expect(JSON.parse(readFileSync(metadata, 'utf8'))).toMatchObject({
      'containerimage.config.digest': config.digest,
      'containerimage.descriptor': descriptor,
      'containerimage.digest': root.digest,
      'image.name': 'docker.io/library/app:1,registry.test/team/app:2',
    });
    expect((await skopeoInspect(`${site.path('a.tar')}:1`)).Digest).toBe(root.digest);
    const inspected = JSON.parse(await site.strataOk(['inspect', '--json', `${site.path('a.tar')}`]));
    expect(inspected.image.names).toEqual(['docker.io/library/app:1', 'registry.test/team/app:2']);
    const docker = site.path('a.docker');
    expect(layout(docker).root.digest).toBe(root.digest);
    const [entry] = JSON.parse(readFileSync(join(docker, 'manifest.json'), 'utf8'));
    expect(entry).toMatchObject({ RepoTags: ['app:1', 'registry.test/team/app:2'] });
    expect(statSync(join(docker, entry.Config)).size).toBe(config.size);
    const archive = `docker-archive:${site.path('a.docker.tar')}:app:1`;
    expect(JSON.parse(await runOk('skopeo', ['inspect', archive])).Layers.length).toBe(2);
    expect(readdirSync(files).sort()).toEqual(['more', 'text']);
    expect((await runOk('tar', ['-tf', site.path('files.tar')])).split('\n').sort()).toEqual([
      '',
      'more',
      'text',
    ]);
    const images = JSON.parse(await site.strataOk(['images', '--json']));
    expect(images.map(({ name, digest }: { name: string; digest: string }) => [name, digest])).toContainEqual(
      ['registry.test/team/app:2', root.digest],
    );
  });

  test.each([
    ['oci', ['oci-layout', 'index.json', 'blobs/']],
    ['docker', ['oci-layout', 'index.json', 'manifest.json']],
    ['tar', ['text', 'more']],
  ])('go to standard output: %s', async (type, members) => {
    const dest = site.path(`${type}.stdout.tar`);
    const piped = `bin="$1"; shift; "$bin" "$@" > '${dest}'`;
    const program = join(import.meta.dirname, '../../bin/strata');
    const args = ['-c', piped, 'sh', program, 'build', '--output', `type=${type}`, context];
    expect(await run('sh', args, { env: site.environment })).toMatchObject({ code: 0 });
    expect((await runOk('tar', ['-tf', dest])).split('\n')).toEqual(expect.arrayContaining(members));
  });

  test('have the compression they name, and the others share it', async () => {
    const args = [...out('plain', 'compression=uncompressed'), ...out('shared')];
    await build([
      ...args,
      ...out('gzip', 'compression=gzip'),
      ...out('best', 'compression=gzip,compression-level=9'),
    ]);
    const typesOf = (name: string) => manifestOf(site.path(name)).layers.map(({ mediaType }) => mediaType);
    expect(typesOf('plain')).toEqual([mediaTypes.ociLayer, mediaTypes.ociLayer]);
    expect(typesOf('shared')).toEqual(typesOf('plain'));
    expect(typesOf('gzip')).toEqual([mediaTypes.ociLayerGzip, mediaTypes.ociLayerGzip]);
    const digestOf = (name: string) => manifestOf(site.path(name)).layers.map(({ digest }) => digest);
    expect(digestOf('best')).not.toEqual(digestOf('gzip'));
    const configs = ['plain', 'shared', 'gzip', 'best'].map(
      (name) => manifestOf(site.path(name)).config.digest,
    );
    expect(new Set(configs).size).toBe(1);
  });

  test('are compressed as the configuration says, where they say nothing', async () => {
    site.files('config/strata', { 'config.json': '{"compression": "zstd"}' });
    const env = { XDG_CONFIG_HOME: site.path('config') };
    const outputs = [...out('by-config'), ...out('by-docker', 'oci-mediatypes=false')];
    await site.strataOk(['build', ...outputs, context], { env });
    await site.strataOk(['build', ...out('by-flag', 'compression=uncompressed'), context], { env });
    const typeOf = (name: string) => manifestOf(site.path(name)).layers[0]?.mediaType;
    expect(['by-config', 'by-docker', 'by-flag'].map(typeOf)).toEqual([
      mediaTypes.ociLayerZstd,
      mediaTypes.dockerLayerGzip,
      mediaTypes.ociLayer,
    ]);
  });

  test('recompress the layers of the base by force alone', async () => {
    const base = await layersOf('base');
    await build(out('kept', 'compression=uncompressed'), child);
    await build(out('forced', 'compression=uncompressed,force-compression=true'), child);
    const kept = manifestOf(site.path('kept')).layers;
    expect(kept.map(({ digest }) => digest).slice(0, 2)).toEqual(base);
    const forced = manifestOf(site.path('forced')).layers;
    expect(forced.map(({ mediaType }) => mediaType)).toEqual(Array(3).fill(mediaTypes.ociLayer));
    const { config } = manifestOf(site.path('forced'));
    expect(forced.map(({ digest }) => digest)).toEqual(
      layout(site.path('forced')).blob(config).rootfs.diff_ids,
    );
  });

  async function layersOf(name: string): Promise<string[]> {
    await site.strataOk(['save', '--type', 'oci', '-o', site.path('saved.tar'), name]);
    return [...(await skopeoInspect(site.path('saved.tar'))).Layers];
  }

  test("have Docker's media types where they are wanted", async () => {
    await build(out('docker-types', 'oci-mediatypes=false'));
    const manifest = manifestOf(site.path('docker-types'));
    expect(manifest.mediaType).toBe(mediaTypes.dockerManifest);
    expect(manifest.config.mediaType).toBe(mediaTypes.dockerConfig);
    expect(manifest.layers.map(({ mediaType }) => mediaType)).toEqual(
      Array(2).fill(mediaTypes.dockerLayerGzip),
    );
    const failed = await site.strata(['build', ...out('x', 'oci-mediatypes=false,annotation.a=b'), context]);
    expect(failed).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/media types know no annotations/),
    });
  });

  test('are annotated where it was asked for', async () => {
    const args = ['--annotation', 'all=1', '--annotation', 'index,manifest-descriptor:here=2'];
    args.push('--annotation', 'manifest[linux/arm64]:arm=3');
    const more = 'annotation.own=4,annotation-index-descriptor.deep=5,annotation-manifest[linux/amd64].amd=6';
    await build(['--platform', 'linux/amd64,linux/arm64', ...args, ...out('many', more), '-t', 'many']);
    const { root, document, blob } = layout(site.path('many'));
    const index = document as ImageIndex;
    expect(root.annotations).toMatchObject({
      deep: '5',
      'io.containerd.image.name': 'docker.io/library/many:latest',
    });
    expect(index.annotations).toEqual({ here: '2' });
    expect(index.manifests.map(({ annotations }) => annotations)).toEqual([{ here: '2' }, { here: '2' }]);
    expect(index.manifests.map((each) => (blob(each) as Manifest).annotations)).toEqual([
      { all: '1', own: '4', amd: '6' },
      { all: '1', arm: '3', own: '4' },
    ]);
  });

  test('have no annotations from labels, and none of those their base has', async () => {
    await build(['--annotation', 'of=base', ...out('annotated')]);
    expect(manifestOf(site.path('annotated')).annotations).toEqual({ of: 'base' });
    const context = site.files('labelled', { Dockerfile: 'FROM annotated\nLABEL of=label\nCOPY . /\n' });
    const base = `annotated=oci-layout://${site.path('annotated')}`;
    await build(['--build-context', base, ...out('labelled')], context);
    expect(manifestOf(site.path('labelled')).annotations).toBeUndefined();
  });

  test.each([
    [['--annotation', 'index:a=b'], /"a" is an annotation of an index, and there is none/],
    [['--annotation', 'indx:a=b'], /"indx" is no place for an annotation.*\n.*did you mean index/],
    [['--annotation', 'a'], /missing-value/],
    [['--push'], /an image without a name cannot be pushed/],
  ])('refuse %j', async (args, message) => {
    expect(await site.strata(['build', ...args, context])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(message),
    });
  });

  test('may be none: the steps are in the cache, and nothing has the name', async () => {
    const own = site.files('cached-only', { Dockerfile: 'FROM scratch\nCOPY own /own\n', own: 'own\n' });
    await build(['-o', 'type=cacheonly', '-t', 'nowhere'], own);
    expect(await site.strataOk(['images'])).not.toContain('nowhere');
    await build(['--fail-on-miss', '-o', 'type=cacheonly'], own);
  });

  test('of several platforms go by their index', async () => {
    const metadata = site.path('many.json');
    const args = ['--platform', 'linux/amd64,linux/arm64', '--iidfile', site.path('many.iid')];
    const stdout = await build([...args, '--metadata-file', metadata, ...out('indexed'), '--quiet']);
    const { root, names } = layout(site.path('indexed'));
    expect(root.mediaType).toBe(mediaTypes.ociIndex);
    expect(names).toEqual([{ 'org.opencontainers.image.ref.name': 'latest' }]);
    expect([stdout, readFileSync(site.path('many.iid'), 'utf8')]).toEqual([`${root.digest}\n`, root.digest]);
    expect(JSON.parse(readFileSync(metadata, 'utf8'))).toMatchObject({
      'containerimage.digest': root.digest,
    });
  });

  test('of one platform have an index and a directory for it where BUILDKIT_MULTI_PLATFORM asks', async () => {
    const asked = ['--platform', 'linux/amd64', '--build-arg', 'BUILDKIT_MULTI_PLATFORM=1'];
    const files = site.path('indexed-files');
    await build([...asked, ...out('indexed-one'), '-o', `type=local,dest=${files}`]);
    const { root } = layout(site.path('indexed-one'));
    expect(root.mediaType).toBe(mediaTypes.ociIndex);
    expect(readdirSync(files)).toEqual(['linux_amd64']);
  });

  const image = ['containerimage.descriptor', 'containerimage.digest'];
  const one = ['containerimage.config.digest', ...image];
  const own = ['buildx.build.ref', 'strata.build', 'strata.steps'];
  const two = ['--platform', 'linux/amd64,linux/arm64'];
  test.each<[string, readonly string[], readonly string[], string | undefined]>([
    ['the local store', [], one, undefined],
    ['a name in the local store', ['-t', 'named'], one, 'docker.io/library/named:latest'],
    ['an archive', ['-o', 'type=oci,dest=x'], one, undefined],
    ['an output with a name', ['-o', 'type=docker,name=own:1,dest=x'], one, 'docker.io/library/own:1'],
    [
      'several platforms',
      [...two, '-t', 'two', '-o', 'type=oci,dest=x'],
      image,
      'docker.io/library/two:latest',
    ],
    ['files', ['-o', 'type=local,dest=some', '-o', 'type=tar,dest=x'], [], undefined],
    ['files and an image', ['-o', 'type=tar,dest=x', '-o', 'type=oci,dest=y'], one, undefined],
  ])('are told of to programs: %s', async (_title, args, members, name) => {
    const [iid, metadata] = [site.path('told.iid'), site.path('told.json')];
    writeFileSync(iid, 'of the last build');
    const files = ['--iidfile', iid, '--metadata-file', metadata];
    await site.strataOk(['build', ...args, ...files, context], { cwd: site.dir });
    const told = JSON.parse(readFileSync(metadata, 'utf8'));
    const named = name === undefined ? [] : ['image.name'];
    expect(Object.keys(told).sort()).toEqual([...own, ...members, ...named].sort());
    expect(told['image.name']).toBe(name);
    expect(told['containerimage.descriptor']?.digest).toBe(told['containerimage.digest']);
    const id = told['containerimage.config.digest'] ?? told['containerimage.digest'];
    expect(existsSync(iid) ? readFileSync(iid, 'utf8') : undefined).toBe(id);
    const number = told['strata.build'];
    expect(told['buildx.build.ref']).toBe(`strata/local/${number}`);
    expect(await site.strataOk(['builds', 'show', `${number}`])).toContain(`build ${number}`);
  });

  test.each([
    ['--iidfile', ''],
    ['--metadata-file', ''],
    ['--output', 'type=oci,dest='],
    ['--output', 'type=docker,dest='],
    ['--output', 'type=tar,dest='],
  ])('nothing is built for a file that has no place: %s %s', async (flag, start) => {
    const path = `${start}${site.path('no/such/directory/file')}`;
    const failed = await site.strata(['build', flag, path, context]);
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringMatching(/output-unusable/) });
    expect(failed.stderr).not.toContain('[1/2]');
  });
});
