/** Times strata beside other builders: every workload, without and with a cache, in alternation, several rounds. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { pushBigBase, type Registry, startRegistry } from './big-base.ts';
import { buildah } from './builders/buildah.ts';
import { type Base, type Builder, baseName, type Surroundings } from './builders/builder.ts';
import { buildkit } from './builders/buildkit.ts';
import { docker } from './builders/docker.ts';
import { engine } from './builders/engine.ts';
import { strata } from './builders/strata.ts';
import { measure } from './measure.ts';
import { printReport, type Report, type Sample } from './report.ts';
import { makeWorkloads, needBigBase, type Phase, type Workload, workloadNames } from './workloads.ts';

/** In the order of the columns. All are taken that this machine has, but for the second strata. */
const openers: Record<string, (around: Surroundings) => Builder | undefined | Promise<Builder | undefined>> =
  {
    strata: (around) => strata(around, 'strata', 'gzip'),
    'strata-uncompressed': (around) => strata(around, 'strata-uncompressed', 'uncompressed'),
    buildkit: (around) => (flags.engine === undefined ? buildkit(around) : engine(around, flags.engine)),
    docker,
    buildah,
  };

const usage = `bench/run [options]

  --rounds N        how often everything is built (3)
  --quick           two rounds of smaller workloads: some minutes
  --only A,B        workloads (${workloadNames.join(',')})
  --builders A,B    builders, those of them that this machine has (strata,buildkit,docker,buildah;
                    strata-uncompressed writes layers as docker save does)
  --engine DIR      a root filesystem that bench/peer made: its engine is the builder "buildkit"
  --runs N          RUN steps of "runs" (30)
  --files N         files of "files" (20000)
  --files-mb N      their size in all (167)
  --big-mb N        the file of "big" (224)
  --base-mb N       the base of "pull" and "base" (160)
  --stages N        stages of "stages" (6)
  --builds N        builds of "many" (10)
  --dir DIR         where to work; several GB (a new directory in the system's temporary one)
  --json FILE       where the samples go (bench/results/latest.json)
  --markdown        only print the tables of --json FILE
`;

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: workloadNames.join(',') },
    builders: { type: 'string', default: 'strata,buildkit,docker,buildah' },
    engine: { type: 'string' },
    runs: { type: 'string' },
    files: { type: 'string' },
    'files-mb': { type: 'string' },
    'big-mb': { type: 'string' },
    'base-mb': { type: 'string' },
    stages: { type: 'string' },
    builds: { type: 'string' },
    dir: { type: 'string' },
    json: { type: 'string', default: 'bench/results/latest.json' },
    markdown: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const full = { rounds: 3, runs: 30, files: 20_000, filesMB: 167, bigMB: 224, baseMB: 160 };
const quick = { rounds: 2, runs: 10, files: 4_000, filesMB: 33, bigMB: 64, baseMB: 80 };
const usual = flags.quick ? quick : full;
const sizes = {
  runs: Number(flags.runs ?? usual.runs),
  files: Number(flags.files ?? usual.files),
  filesBytes: Number(flags['files-mb'] ?? usual.filesMB) * 1e6,
  bigBytes: Number(flags['big-mb'] ?? usual.bigMB) * 1e6,
  baseBytes: Number(flags['base-mb'] ?? usual.baseMB) * 1e6,
  stages: Number(flags.stages ?? 6),
  builds: Number(flags.builds ?? 10),
};
const rounds = Number(flags.rounds ?? usual.rounds);
const project = process.cwd();
/** Whoever stops a run waits until daemons have ended and their files are gone. */
const interruption = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(name, () => {
    process.exitCode = 130;
    interruption.abort();
  });

if (flags.help) process.stdout.write(usage);
else if (flags.markdown)
  process.stdout.write(`${printReport(JSON.parse(readFileSync(flags.json, 'utf8')))}\n`);
else
  await main().catch((error) => {
    if (!interruption.signal.aborted) throw error;
  });

async function main(): Promise<void> {
  // buildah makes a name of the path of a layout: lower case only.
  const dir = join(resolve(flags.dir ?? tmpdir()), `bench-${randomBytes(4).toString('hex')}`);
  mkdirSync(dir);
  const builders: Builder[] = [];
  let registry: Registry | undefined;
  try {
    const names = flags.only.split(',');
    const base = makeBase(dir);
    if (needBigBase(names)) registry = await startRegistry(dir);
    const bigBase = registry && pushBigBase(project, dir, base, registry.host, sizes.baseBytes);
    const workloads = makeWorkloads(join(dir, 'contexts'), sizes, names, bigBase);
    const around = { project, dir, base, registry: registry?.host };
    for (const [name, open] of Object.entries(openers)) {
      const builder = flags.builders.split(',').includes(name) ? await open(around) : undefined;
      if (builder !== undefined) builders.push(builder);
    }
    const report = await runRounds(builders, workloads, dir);
    process.stdout.write(`${printReport(report)}\n`);
  } finally {
    for (const builder of builders) await builder.close();
    await registry?.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The report is on disk after every round. */
async function runRounds(builders: readonly Builder[], workloads: readonly Workload[], dir: string) {
  const samples: Sample[] = [];
  const failures: string[] = [];
  let report: Report | undefined;
  for (let round = 0; round < rounds; round++) {
    for (const workload of workloads) {
      // Whoever comes first finds the context in the page cache or not: everybody takes a turn at it.
      for (const builder of rotated(builders, round)) {
        try {
          builder.reset();
          for (const phase of workload.phases) {
            const sample = await timePhase(builder, workload, phase, dir);
            samples.push(sample);
            const figure = `${sample.seconds.toFixed(2)} s, ${sample.cpuSeconds.toFixed(2)} s of processors`;
            say(`round ${round + 1} ${workload.name} ${builder.name} ${phase.kind}: ${figure}`);
          }
        } catch (error) {
          interruption.signal.throwIfAborted();
          failures.push(
            `${builder.name}, ${workload.name}: ${error instanceof Error ? error.message : error}`,
          );
          say(`round ${round + 1} ${failures.at(-1)}`);
        }
      }
    }
    report = {
      machine: describeMachine(),
      date: new Date().toISOString().slice(0, 10),
      rounds: round + 1,
      versions: Object.fromEntries(builders.map(({ name, version }) => [name, version])),
      rows: workloads.flatMap(({ name, what, phases }) =>
        phases.map(({ kind, bar }) => ({ workload: name, what, kind, bar })),
      ),
      samples,
      failures,
    };
    mkdirSync(dirname(resolve(flags.json)), { recursive: true });
    writeFileSync(flags.json, `${JSON.stringify({ ...report, sizes }, null, 1)}\n`);
  }
  if (report === undefined) throw new Error('no round, no report');
  return report;
}

async function timePhase(
  builder: Builder,
  { name, contexts }: Workload,
  phase: Phase,
  dir: string,
): Promise<Sample> {
  phase.prepare?.();
  const outputs = contexts.map((_, index) => join(dir, `out-${index}.tar`));
  for (const output of outputs) rmSync(output, { force: true });
  execFileSync('sync');
  const sequences = contexts.map((context, index) =>
    builder.commands(context, outputs[index] ?? '', `bench-${index}`),
  );
  const measured = await measure(sequences, builder.daemons, join(dir, 'log'), interruption.signal);
  const outputBytes = outputs.reduce((sum, output) => sum + statSync(output).size, 0);
  return { builder: builder.name, workload: name, kind: phase.kind, ...measured, outputBytes };
}

/** The small base image, from this machine's busybox, once as a tar and once as an OCI layout. */
function makeBase(dir: string): Base {
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

function describeMachine(): string {
  const cores = cpus();
  const model = cores[0]?.model ?? 'unknown processor';
  const distribution = /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? '';
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `${cores.length} x ${model}, ${memory}, ${distribution}, kernel ${release()}, Node ${process.version}`;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
