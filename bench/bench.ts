/** Times strata beside other builders: every workload, without and with a cache, in alternation, several rounds. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Base, type Builder, buildah, buildkit, dockerEngine, strata } from './builders.ts';
import { measure } from './measure.ts';
import { markdownTable, median } from './statistics.ts';
import { baseName, makeWorkloads } from './workloads.ts';

interface Sample {
  readonly builder: string;
  readonly workload: string;
  readonly kind: 'cold' | 'cached';
  readonly seconds: number;
  readonly peakBytes: number;
  readonly outputBytes: number;
}

const usage = `bench/run [options]

  --rounds N        how often everything is built (3)
  --only A,B        workloads: small, runs, files, big (all)
  --builders A,B    strata, buildah, docker, buildkit (all that this machine has)
  --runs N          RUN steps of "runs" (30)
  --files N         files of "files" (20000)
  --files-mb N      their size in all (167)
  --big-mb N        the file of "big" (224)
  --dir DIR         where to work; several GB (a new directory in the system's temporary one)
  --json FILE       where the samples go (bench/results/latest.json)
`;

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: 'small,runs,files,big' },
    builders: { type: 'string', default: 'strata,buildah,docker,buildkit' },
    runs: { type: 'string', default: '30' },
    files: { type: 'string', default: '20000' },
    'files-mb': { type: 'string', default: '167' },
    'big-mb': { type: 'string', default: '224' },
    dir: { type: 'string' },
    json: { type: 'string', default: 'bench/results/latest.json' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (flags.help) process.stdout.write(usage);
else await main();

async function main(): Promise<void> {
  const project = process.cwd();
  // buildah makes a name of the path of a layout: lower case only.
  const dir = join(resolve(flags.dir ?? tmpdir()), `bench-${randomBytes(4).toString('hex')}`);
  mkdirSync(dir);
  const builders: Builder[] = [];
  try {
    const sizes = {
      runs: Number(flags.runs),
      files: Number(flags.files),
      filesBytes: Number(flags['files-mb']) * 1e6,
      bigBytes: Number(flags['big-mb']) * 1e6,
    };
    const wanted = flags.only.split(',');
    const workloads = makeWorkloads(join(dir, 'contexts'), sizes).filter(({ name }) => wanted.includes(name));
    const base = makeBase(project, dir);
    for (const open of [
      () => strata(project, dir, base),
      () => buildah(dir, base),
      () => dockerEngine(dir, base),
      () => buildkit(dir, base),
    ]) {
      const builder = await open();
      if (builder === undefined) continue;
      if (flags.builders.split(',').includes(builder.name)) builders.push(builder);
      else await builder.close();
    }

    const samples: Sample[] = [];
    const logFile = join(dir, 'log');
    for (let round = 0; round < Number(flags.rounds); round++) {
      for (const { name: workload, context } of workloads) {
        // Whoever comes first finds the context in the page cache or not: everybody takes a turn at it.
        for (const builder of rotated(builders, round)) {
          await builder.reset();
          for (const kind of ['cold', 'cached'] as const) {
            const dest = join(dir, 'out.tar');
            rmSync(dest, { force: true });
            execFileSync('sync');
            const measured = await measure(builder.commands(context, dest), builder.daemons, logFile);
            samples.push({
              builder: builder.name,
              workload,
              kind,
              ...measured,
              outputBytes: statSync(dest).size,
            });
            process.stderr.write(
              `round ${round + 1} ${workload} ${builder.name} ${kind}: ${measured.seconds.toFixed(2)} s\n`,
            );
          }
        }
      }
    }

    const machine = describeMachine();
    const table = tableOf(samples, workloads);
    process.stdout.write(`${machine}\n${builders.map(({ version }) => `${version}\n`).join('')}\n${table}\n`);
    const versions = Object.fromEntries(builders.map(({ name, version }) => [name, version]));
    mkdirSync(join(project, 'bench/results'), { recursive: true });
    writeFileSync(flags.json, `${JSON.stringify({ machine, versions, sizes, samples }, null, 1)}\n`);
  } finally {
    for (const builder of builders) await builder.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The base image, from this machine's busybox, once as a tar and once as an OCI layout. */
function makeBase(project: string, dir: string): Base {
  const context = join(dir, 'base');
  mkdirSync(context);
  cpSync(join(project, 'fixtures/busybox-base/Dockerfile'), join(context, 'Dockerfile'));
  const rootfs = join(context, 'rootfs.tar');
  execFileSync(join(project, 'scripts/make-busybox-rootfs'), [rootfs]);
  const layout = join(dir, 'base-layout');
  const output = ['--output', `type=oci,tar=false,dest=${layout}`, '-t', baseName];
  const root = join(dir, 'base-store');
  execFileSync(join(project, 'bin/strata'), ['build', '--root', root, ...output, context], {
    stdio: 'ignore',
  });
  return { context, rootfs, layout };
}

function rotated<T>(values: readonly T[], by: number): T[] {
  const at = by % Math.max(values.length, 1);
  return [...values.slice(at), ...values.slice(0, at)];
}

function tableOf(samples: readonly Sample[], workloads: readonly { name: string; what: string }[]): string {
  const rows: string[][] = [];
  for (const { name, what } of workloads) {
    for (const kind of ['cold', 'cached'] as const) {
      const here = samples.filter((sample) => sample.workload === name && sample.kind === kind);
      const timesOf = (builder: string): number[] =>
        here.filter((sample) => sample.builder === builder).map(({ seconds }) => seconds);
      for (const builder of new Set(here.map((sample) => sample.builder))) {
        const own = here.filter((sample) => sample.builder === builder);
        const times = timesOf(builder);
        const ratio = median(times) / median(timesOf('strata'));
        rows.push([
          `${what}, ${kind}`,
          builder,
          median(times).toFixed(2),
          `${Math.min(...times).toFixed(2)}-${Math.max(...times).toFixed(2)}`,
          Number.isNaN(ratio) ? '' : `${ratio.toFixed(1)}x`,
          (median(own.map(({ outputBytes }) => outputBytes)) / 1e6).toFixed(1),
          (median(own.map(({ peakBytes }) => peakBytes)) / 1e6).toFixed(0),
        ]);
      }
    }
  }
  const head = ['workload', 'builder', 'median s', 'spread s', 'of strata', 'output MB', 'peak memory MB'];
  return markdownTable(head, rows);
}

function describeMachine(): string {
  const cores = cpus();
  const model = cores[0]?.model ?? 'unknown processor';
  const distribution = /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? '';
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `${cores.length} x ${model}, ${memory}, ${distribution}, kernel ${release()}, Node ${process.version}`;
}
