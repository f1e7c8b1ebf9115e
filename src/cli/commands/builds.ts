import type { Command } from 'commander';
import { openBuildRecords } from '../../build/record/build-records.ts';
import { type BuildOverview, buildOverview, buildReport } from '../../build/record/build-report.ts';
import { explainedBuild } from '../../build/record/explained-build.ts';
import { buildLines } from '../builds/print-build.ts';
import { overviewLines } from '../builds/print-builds.ts';
import { writeBuildPage } from '../builds/write-build-page.ts';
import { parseCount } from '../flags/amount.ts';
import { addDataFlags, type DataFlags, dataFormat } from '../flags/data-format.ts';
import { lookOf } from '../inspect/look.ts';
import { printJSON } from '../print/print-data.ts';
import type { DefineCommand } from './command.ts';

interface ListFlags extends DataFlags {
  readonly last: string;
}

interface ShowFlags extends DataFlags {
  readonly html?: string;
  /** Commander's name for `--no-trunc`. */
  readonly trunc: boolean;
}

/** `strata builds` and `strata builds show`: the records of builds (docs/BUILDS.md). */
export const defineBuilds: DefineCommand = (command, context) => {
  const { io, root } = context;
  command
    .usage('[OPTIONS] [show [BUILD]]')
    .option('-n, --last <count>', 'so many builds at most', '20')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  strata builds\n' +
        '  strata builds show 12\n' +
        '  strata builds show 12 --html build.html',
    )
    .action((flags: ListFlags) => {
      const format = dataFormat(flags);
      const builds = lastBuilds(root(), parseCount('--last', flags.last, 1));
      if (format === 'json') io.stdout.write(printJSON(builds));
      else io.stdout.write(`${overviewLines(builds, lookOf(io), Date.now()).join('\n')}\n`);
    });
  addDataFlags(command, 'docs/BUILDS.md');
  command
    .command('show')
    .description('show the steps of a build: hits, misses and why, times, bytes')
    .usage('[OPTIONS] [BUILD]')
    .argument('[BUILD]', 'the number of a build (default: the last one)')
    .option('--html <file>', 'write one page with the timeline and the image, for a browser')
    .option('--no-trunc', 'cut no digest and no instruction')
    .addHelpText('after', '\nExample:\n  strata builds show 12 --html build.html')
    .action(async (build: string | undefined, _flags: unknown, self: Command) => {
      // --json and --format are flags of the command above.
      const flags = self.optsWithGlobals<ShowFlags>();
      const format = dataFormat(flags);
      const number = build === undefined ? undefined : parseCount('BUILD', build, 1);
      const report = buildReport(explainedBuild(root(), number));
      if (flags.html !== undefined) await writeBuildPage(flags.html, report, context);
      if (format === 'json') io.stdout.write(printJSON(report));
      else io.stdout.write(`${buildLines(report, lookOf(io), !flags.trunc).join('\n')}\n`);
    });
};

/** The newest first; what does not read as a record is none. */
function lastBuilds(root: string, count: number): BuildOverview[] {
  const records = openBuildRecords(root);
  const found: BuildOverview[] = [];
  for (const number of records.numbers().reverse()) {
    if (found.length === count) break;
    const record = records.read(number);
    if (record !== undefined) found.push(buildOverview(record));
  }
  return found;
}
