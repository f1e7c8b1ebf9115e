/** strata and the BuildKit in Debian's docker engine, with the same bases under the same names. */
import { cpSync, existsSync, lutimesSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { busyboxRootfs, debianRootfs } from './bases.ts';
import { startDockerd } from './dockerd.ts';
import { engineImage, type ImageFacts } from './engine-image.ts';
import { startRegistry } from './registry.ts';
import type { Site } from './site.ts';
import { type WorldBase, type WorldBuild, worldDir } from './world-cases.ts';

export interface TwoBuilders {
  /** Builds with both, and returns what the engine holds then: strata's image, pushed and pulled, and BuildKit's. */
  build(build: WorldBuild): Promise<readonly [ours: ImageFacts, theirs: ImageFacts]>;
  stop(): Promise<void>;
}

/** Starts an engine and a registry, and makes the bases. The engine is the slow part: one does for many builds. */
export async function startTwoBuilders(site: Site, bases: readonly WorldBase[]): Promise<TwoBuilders> {
  const engine = await startDockerd(site.path('docker'));
  const registry = await startRegistry(site.path('registry'));
  const docker = async (args: readonly string[], cwd = site.dir): Promise<void> => {
    const done = await engine.docker(args, { cwd, env: { DOCKER_BUILDKIT: '1' } });
    if (done.code !== 0) throw new Error(`docker ${args.join(' ')}: ${done.stderr}`);
  };

  const stop = async (): Promise<void> => {
    await engine.stop();
    await registry.stop();
  };
  const share = async (base: WorldBase, name: string): Promise<void> => {
    await pushBase(site, base, name);
    await docker(['pull', '--quiet', name]);
    for (const tag of base.tags) {
      await site.strataOk(['tag', name, tag]);
      await docker(['tag', name, tag]);
    }
  };
  try {
    for (const [index, base] of bases.entries()) await share(base, `${registry.host}/base/${index}`);
  } catch (error) {
    await stop();
    throw error;
  }
  cpSync(worldDir, site.path('cases'), { recursive: true, verbatimSymlinks: true });
  setTimes(site.path('cases'));
  // Layers have whole seconds: what is made now may be dated before now.
  const since = Math.floor(Date.now() / 1000) * 1000;
  const facts = (name: string): Promise<ImageFacts> => engineImage(engine, site.path('docker'), name, since);

  return {
    async build({ title, folder, args, rewritten = 'Dockerfile' }) {
      const context = site.path(`cases/${folder}`);
      const name = title.replaceAll(' ', '-');
      const ours = `${registry.host}/strata/${name}`;
      const theirs = `buildkit/${name}`;
      await site.strataOk(['build', '--push', '-t', ours, ...args, '.'], { cwd: context });
      await docker(['pull', '--quiet', ours]);
      const file = withoutSyntax(join(context, rewritten), site.path(`${name}.Dockerfile`));
      await docker(['build', '--network', 'host', '-t', theirs, '-f', file, ...args, '.'], context);
      return [await facts(ours), await facts(theirs)];
    },
    stop,
  };
}

/** Makes a base that has what a step has to have to be mounted on: where it lacks, that BuildKit leaves it in a layer. */
async function pushBase(site: Site, { packages, without }: WorldBase, name: string): Promise<void> {
  const points = site.files('points', {
    'dev/': '',
    'proc/': '',
    'sys/': '',
    'etc/hosts': '',
    'etc/resolv.conf': '',
  });
  setTimes(points);
  const rootfs =
    packages === undefined ? await busyboxRootfs(site.dir) : await debianRootfs(packages, without);
  const file = site.path('base.Dockerfile');
  writeFileSync(file, `FROM scratch\nADD ${basename(rootfs)} /\nCOPY --from=points . /\nCMD ["/bin/sh"]\n`);
  await site.strataOk([
    ...['build', '-f', file, '--build-context', `points=${points}`],
    ...['--output', `type=image,push=true,name=${name},compression=uncompressed`, dirname(rootfs)],
  ]);
}

/** Gives every file a time of whole seconds: tars without more than that are rounded by one, cut by the other. */
function setTimes(dir: string): void {
  for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' }))
    lutimesSync(join(dir, name), 1e9, 1e9);
}

/** Copies a Dockerfile, and the ignore file it may have, without the line that would have BuildKit fetch another frontend. */
function withoutSyntax(from: string, to: string): string {
  if (existsSync(`${from}.dockerignore`)) cpSync(`${from}.dockerignore`, `${to}.dockerignore`);
  writeFileSync(to, readFileSync(from, 'latin1').replace(/^# *syntax *=.*/, '#'), 'latin1');
  return to;
}
