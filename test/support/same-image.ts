/** Whole Dockerfiles built by strata and by the BuildKit in Debian's docker engine, and what differs in the images. */
import { cpSync, existsSync, lutimesSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectDir } from '../structure/imports.ts';
import { sandboxNeeds } from './capabilities.ts';
import { type DockerEngine, startDockerd } from './dockerd.ts';
import { engineImage, type ImageFacts } from './engine-image.ts';
import { type Registry, startRegistry } from './registry.ts';
import { describeBuilds, type Site } from './site.ts';

export const worldDir = join(projectDir, 'fixtures/dockerfiles-world');

/** How one folder is built; fixtures/dockerfiles-world/README.md says what the members mean. */
interface WorldCase {
  readonly builds?: Readonly<Record<string, readonly string[]>>;
  readonly rewritten?: string;
  readonly differences?: Readonly<Record<string, readonly string[]>>;
}

interface WorldGroup {
  /** What the Dockerfiles call their base. */
  readonly tags: readonly string[];
  readonly cases: Readonly<Record<string, WorldCase>>;
}

export const worldGroups = JSON.parse(readFileSync(join(worldDir, 'cases.json'), 'utf8')) as Readonly<
  Record<string, WorldGroup>
>;

/**
 * Tests that each build of a group's folders is the same image from both builders, up to the differences it names.
 * @param makeBase makes the group's base, under the name it is given, in the site's store
 */
export function describeSameImages(
  groupName: string,
  needs: Parameters<typeof describeBuilds>[0],
  makeBase: (site: Site) => Promise<string>,
): void {
  const { tags, cases } = worldGroups[groupName] as WorldGroup;
  const builds = Object.entries(cases).flatMap(([folder, given]) =>
    Object.entries(given.builds ?? { '': [] }).map(([title, args]) => ({
      title: title === '' ? folder : `${folder} ${title}`,
      ...{
        folder,
        args,
        rewritten: given.rewritten,
        expected: Object.values(given.differences ?? {}).flat(),
      },
    })),
  );

  describeBuilds(
    [...sandboxNeeds, ...needs, 'dockerd', 'registry'],
    `${groupName}: strata and BuildKit`,
    (site) => {
      let engine: DockerEngine;
      let registry: Registry;
      let since = 0;

      beforeAll(async () => {
        engine = await startDockerd(site.path('docker'));
        registry = await startRegistry(site.path('registry'));
        const base = await baseWithMountPoints(site, await makeBase(site), registry);
        await dockerOk(['pull', base]);
        for (const tag of tags) {
          await site.strataOk(['tag', base, tag]);
          await dockerOk(['tag', base, tag]);
        }
        cpSync(worldDir, site.path('cases'), { recursive: true, verbatimSymlinks: true });
        setTimes(site.path('cases'));
        since = Date.now();
      });
      afterAll(async () => {
        await engine?.stop();
        await registry?.stop();
      });

      test.each(builds)('$title', async ({ title, folder, args, rewritten, expected }) => {
        const context = site.path(`cases/${folder}`);
        const name = title.replaceAll(' ', '-');
        const ours = `${registry.host}/strata/${name}`;
        const theirs = `buildkit/${name}`;
        await site.strataOk(['build', '--push', '-t', ours, ...args, '.'], { cwd: context });
        await dockerOk(['pull', ours]);
        const file = withoutSyntax(join(context, rewritten ?? 'Dockerfile'), site.path(`${name}.Dockerfile`));
        await dockerOk(['build', '--network', 'host', '-t', theirs, '-f', file, ...args, '.'], context);
        const found = differences(await facts(ours), await facts(theirs));
        expect(found.filter((line) => rewritten === undefined || !line.startsWith('history '))).toEqual(
          [...expected].sort(),
        );
      });

      const facts = (name: string): Promise<ImageFacts> =>
        engineImage(engine, site.path('docker'), name, since);

      const dockerOk = async (args: readonly string[], cwd = site.dir): Promise<void> => {
        const done = await engine.docker(args, { cwd, env: { DOCKER_BUILDKIT: '1' } });
        expect(done, done.stderr).toMatchObject({ code: 0 });
      };
    },
  );
}

/** Pushes the base with what a step has to have to be mounted on: where it lacks, that BuildKit leaves it in a layer. */
async function baseWithMountPoints(site: Site, base: string, registry: Registry): Promise<string> {
  const name = `${registry.host}/base`;
  const context = site.files('base', {
    Dockerfile: `FROM ${base}\nCOPY points /\n`,
    ...{ 'points/dev/': '', 'points/proc/': '', 'points/sys/': '' },
    ...{ 'points/etc/hosts': '', 'points/etc/resolv.conf': '' },
  });
  setTimes(context);
  await site.strataOk(['build', '--push', '-t', name, context]);
  return name;
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

/** A line for each fact that is not the same of both images. */
function differences(ours: ImageFacts, theirs: ImageFacts): string[] {
  return [...new Set([...Object.keys(ours), ...Object.keys(theirs)])]
    .filter((key) => ours[key] !== theirs[key])
    .sort()
    .map((key) => `${key}: ${ours[key] ?? 'nothing'}, in BuildKit's ${theirs[key] ?? 'nothing'}`);
}
