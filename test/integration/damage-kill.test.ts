/**
 * strata killed at random moments, on several stores at once. STRATA_KILLS sets how often (200 by default),
 * STRATA_SEED the moments: the seed stands in the title, and a failure names its moment.
 */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findLeftovers } from '../../src/store/leftovers/find-leftovers.ts';
import { projectDir } from '../structure/imports.ts';
import { sandboxNeeds } from '../support/capabilities.ts';
import { leakedBy } from '../support/doctor.ts';
import { cgroupsOf, emptyCgroups, leftCgroups, leftovers, runsOf } from '../support/leftovers.ts';
import { type Outcome, run, runOk } from '../support/process.ts';
import { seededRandom } from '../support/random.ts';
import { type Registry, startRegistry } from '../support/registry.ts';
import { describeBuilds } from '../support/site.ts';
import { treeListing } from '../support/tree-listing.ts';

const kills = Number(process.env.STRATA_KILLS ?? 200);
const seed = Number(process.env.STRATA_SEED ?? Date.now() % 1_000_000);
const storeCount = 4;

/** Every layer is the same whenever it is made: its files bear old dates, the image's is given. */
const dockerfile = `
FROM strata-base/busybox AS tools
RUN head -c 300000 /dev/zero > /tool && touch -d @1 /tool

FROM strata-base/busybox
WORKDIR /app
COPY files files
RUN --mount=type=cache,target=/cache cat files/* > /all && touch -d @1 /all && date > /cache/date
RUN mkdir -p /deep/er && echo x > /deep/er/x && rm -r files/f1* && touch -d @1 /deep/er/x /deep/er /deep files
COPY --from=tools /tool /usr/bin/tool
COPY --link files /linked
`;

/** What is killed. */
interface Victim {
  readonly title: string;
  readonly args: readonly string[];
  /** Runs to its end before. */
  readonly prepare?: readonly string[];
}

/** A store with what is killed on it. */
interface Lane {
  readonly dir: string;
  readonly root: string;
  readonly outputs: string;
  readonly victims: readonly Victim[];
  /** How long each takes when nobody kills it. */
  readonly ms: number[];
  /** Runs to its end. */
  strata(args: readonly string[]): Promise<Outcome>;
  /** The same, and must succeed. */
  ok(args: readonly string[]): Promise<Outcome>;
  /** Runs until it is killed, if it has not ended before. */
  kill(args: readonly string[], afterMs: number): Promise<void>;
  /** Builds, and says what the image is. */
  build(): Promise<string>;
}

describeBuilds([...sandboxNeeds, 'registry', 'skopeo'], 'strata killed at any moment', (site) => {
  const context = site.path('app');
  const lanes: Lane[] = [];
  let registry: Registry;
  let want = '';
  let cgroupsBefore: string[] = [];

  const openLane = (index: number): Lane => {
    const dir = site.path(`lane-${index}`);
    const root = join(dir, 'store');
    const outputs = join(dir, 'outputs');
    for (const each of [outputs, join(dir, 'tmp')]) mkdirSync(each, { recursive: true });
    const env = { ...site.environment, STRATA_ROOT: root, TMPDIR: join(dir, 'tmp') };
    const program = join(projectDir, 'bin/strata');
    const build = ['build', '--build-arg', 'SOURCE_DATE_EPOCH=1000000000', '--progress', 'plain'];
    const to = (output: string, ...more: string[]) => [...build, ...more, '-o', output, context];
    const tar = to(`type=oci,dest=${outputs}/app.tar`);
    const pulled = `${registry.host}/app:1`;
    const pushed = `${registry.host}/lane-${index}`;
    const stored = `${pushed}/stored:1`;
    const strata = (args: readonly string[]) => run(program, args, { env });
    const ok = async (args: readonly string[]) => {
      const outcome = await strata(args);
      if (outcome.code !== 0) throw new Error(`strata ${args.join(' ')}: ${outcome.code}\n${outcome.stderr}`);
      return outcome;
    };
    return {
      dir,
      root,
      outputs,
      ms: [],
      victims: [
        { title: 'a prune', args: ['prune', '--all'] },
        { title: 'a cold build', args: tar, prepare: ['prune', '--all'] },
        { title: 'a warm build', args: tar },
        { title: 'an archive for docker', args: to(`type=docker,dest=${outputs}/docker.tar`) },
        { title: 'an export of files', args: to(`type=local,dest=${outputs}/local`) },
        { title: 'a layout', args: to(`type=oci,tar=false,dest=${outputs}/layout`) },
        { title: 'a pull', args: ['pull', pulled], prepare: ['rmi', '-f', pulled] },
        { title: 'a load', args: ['load', '-i', site.path('base.tar')] },
        { title: 'a save', args: ['save', '-o', `${outputs}/saved.tar`, pulled], prepare: ['pull', pulled] },
        { title: 'a push', args: to('type=registry', '-t', pushed) },
        { title: 'a push of an image', args: ['push', stored], prepare: to('type=image', '-t', stored) },
        {
          title: 'a cache kept',
          args: to('type=image', '--cache-to', `type=local,dest=${outputs}/cache,mode=max`),
        },
        {
          title: 'a cache used',
          args: to('type=image', '--cache-from', `type=local,src=${outputs}/cache`),
          prepare: ['prune', '--all'],
        },
        {
          title: 'a cache pushed',
          args: to('type=image', '--cache-to', `type=registry,ref=${pushed}:cache,mode=max`),
        },
      ],
      strata,
      ok,
      async kill(args, afterMs) {
        await run(program, args, { env, onStart: (pid) => void sleep(afterMs).then(() => killIfThere(pid)) });
      },
      async build() {
        await ok(tar);
        return runOk('tar', ['-xOf', join(outputs, 'app.tar'), 'index.json']);
      },
    };
  };

  beforeAll(async () => {
    cgroupsBefore = emptyCgroups();
    await site.makeBusyboxBase();
    const base = site.path('base.tar');
    await site.strataOk(['save', '-o', base, 'strata-base/busybox']);
    const files = Object.fromEntries(
      Array.from({ length: 40 }, (_, n) => [`files/f${n}`, `${n}`.repeat(5000)]),
    );
    site.files('app', { Dockerfile: dockerfile, ...files });
    const paths = ['files', ...Object.keys(files)].map((name) => join(context, name));
    await runOk('touch', ['-d', '@1000', ...paths]);
    registry = await startRegistry(site.path('registry'));
    for (let index = 0; index < storeCount; index++) lanes.push(openLane(index));
    const [first] = lanes;
    for (const lane of lanes) await lane.ok(['load', '-i', base]);
    want = (await first?.build()) ?? '';
    await runOk('skopeo', [
      'copy',
      '-q',
      '--dest-tls-verify=false',
      `oci-archive:${first?.outputs}/app.tar`,
      `docker://${registry.host}/app:1`,
    ]);
    await Promise.all(
      lanes.map(async (lane) => {
        for (const { args, prepare } of lane.victims) {
          if (prepare !== undefined) await lane.ok(prepare);
          const began = performance.now();
          await lane.ok(args);
          lane.ms.push(performance.now() - began);
        }
      }),
    );
  });
  afterAll(() => registry?.stop());

  test(`${kills} times, seed ${seed}: the next build is as if nothing had happened`, {
    timeout: 3_600_000,
  }, async () => {
    const random = seededRandom(seed);
    const moments = Array.from({ length: kills }, (_, turn) => ({ turn, share: random() * 1.1 }));
    await Promise.all(
      lanes.map(async (lane, index) => {
        for (const { turn, share } of moments.filter((_, at) => at % storeCount === index)) {
          // Every store begins elsewhere, and comes to all of them.
          const number = (Math.floor(turn / storeCount) + index * 4) % lane.victims.length;
          const victim = lane.victims[number];
          const after = Math.round((lane.ms[number] ?? 0) * share);
          const moment = `turn ${turn}: ${victim?.title}, killed after ${after} of ${Math.round(lane.ms[number] ?? 0)} ms`;
          if (victim === undefined) throw new Error('there is a victim for each turn');
          if (victim.prepare !== undefined) await lane.ok(victim.prepare);
          await lane.kill(victim.args, after);
          expect.soft((await leftovers(lane)).filter(isOutsideOfFiles), moment).toEqual([]);
          const killed = runsOf(lane.root);
          const digest = await lane.build().catch((error: unknown) => String(error));
          expect.soft(digest, moment).toBe(want);
          expect.soft(await leftovers(lane), moment).toEqual([]);
          expect.soft(await cgroupsOf(killed), moment).toEqual([]);
          const left = (await findLeftovers(lane.root, () => false)).filter(({ kind }) => kind !== 'cgroup');
          expect.soft(left, moment).toEqual([]);
        }
      }),
    );
    expect(await leftCgroups(cgroupsBefore)).toEqual([]);
  });

  test('and in the end nothing is left that they or a prune do not remove', {
    timeout: 300_000,
  }, async () => {
    const finish = async (lane: Lane) => {
      for (const { args, prepare } of lane.victims) {
        if (prepare !== undefined) await lane.ok(prepare);
        await lane.ok(args);
      }
      const aside = readdirSync(lane.outputs, { recursive: true }).filter((name) =>
        /\.tmp$|\.strata-/.test(String(name)),
      );
      expect(aside).toEqual([]);
      const exported = treeListing(join(lane.outputs, 'local'), Date.now());
      expect(Object.keys(exported).filter((path) => path.includes('.strata-'))).toEqual([]);

      await lane.ok(['prune']);
      // Machines have leftovers of others, of which it complains.
      expect(await leakedBy(lane)).toEqual([]);
      expect(await runOk('find', [lane.root, '-name', '*.tmp', '-o', '-path', '*/locks/*'])).toBe('');
      const images = JSON.parse((await lane.ok(['images', '--json'])).stdout) as { readonly name: string }[];
      await lane.ok(['rmi', ...images.map(({ name }) => name)]);
      await lane.ok(['prune', '--all']);
      expect(readdirSync(lane.root)).toEqual(['version']);
    };
    await Promise.all(lanes.map(finish));
  });
});

/** The directory of a killed build stays until the next one. */
function isOutsideOfFiles(line: string): boolean {
  return !line.startsWith('file ');
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It was faster.
  }
}
