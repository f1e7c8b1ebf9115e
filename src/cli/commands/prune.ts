import { Option } from 'commander';
import { printBytes } from '../../progress/text/quantities.ts';
import { type PruneReport, planPrune, pruneStore } from '../../store/prune.ts';
import { configPlaces, readConfig } from '../config/config-file.ts';
import { each, eachOfList } from '../flags/collect.ts';
import { addDataFlags, type DataFlags, dataFormat } from '../flags/data-format.ts';
import { type PruneFlags, readPrunePolicy } from '../flags/prune-policy.ts';
import { diskBytesOf } from '../flags/share.ts';
import { withPruneSite } from '../open-store.ts';
import { printJSON, printTable } from '../print/print-data.ts';
import { pruneAutomatically } from '../prune/automatic.ts';
import type { DefineCommand } from './command.ts';

interface Flags extends DataFlags, PruneFlags {
  readonly dryRun?: boolean;
  readonly automatic?: boolean;
}

/** `strata prune`: also what a build starts after itself, with `--automatic` (docs/STORE.md). */
export const definePrune: DefineCommand = (command, { io, root, becomeRoot }) => {
  command
    .usage('[OPTIONS]')
    .option('-a, --all', 'everything but tagged images and what running builds use')
    .option('--older-than <duration>', 'what was not used for so long: 12h, 7d')
    .option('--keep-size <size>', 'the least recently used, until the store takes this much: 20g, 15%')
    .option('--free <size>', 'the least recently used, until the disk has this much free: 20g, 10%')
    .option('--kind <kinds>', 'only these: base, step, blob, cache-mount, context, other', eachOfList, [])
    .option('--filter <filter>', 'only what fits: id=…, text=… or until=…', each, [])
    .option('--dry-run', 'say what would go, remove nothing')
    .addOption(new Option('--automatic', 'by the configuration file, if no other does').hideHelp())
    .option('-f, --force', 'no question is asked with it or without it')
    .addHelpText(
      'after',
      '\nWithout options it removes what nothing needs, such as layers of images that\nlost their names. ' +
        'Tagged images and what a running build uses always stay.\n' +
        '\nExamples:\n  strata prune --older-than 7d --keep-size 20g\n  strata prune --kind cache-mount --dry-run',
    )
    .action(async (flags: Flags) => {
      const format = dataFormat(flags);
      // Whatever it is asked to do: who prunes by hand hears that what is to prune by itself is wrong.
      const config = readConfig(configPlaces(io.env));
      await becomeRoot();
      if (flags.automatic === true) {
        await pruneAutomatically(root(), config.prune);
        return;
      }
      const isDry = flags.dryRun === true;
      const report = await withPruneSite(root(), (site) => {
        const policy = readPrunePolicy(flags, () => diskBytesOf(site.root));
        return isDry ? planPrune(site, policy) : pruneStore(site, policy);
      });
      io.stdout.write(
        format === 'json' ? printJSON({ ...report, isDryRun: isDry }) : printReport(report, isDry),
      );
    });
  addDataFlags(command);
};

function printReport({ freed, freedBytes, keptBytes }: PruneReport, isDry: boolean): string {
  const rows = freed.map(({ kind, count, bytes }) => [kind, String(count), printBytes(bytes)]);
  const table = rows.length === 0 ? '' : `${printTable(['KIND', 'COUNT', 'SIZE'], rows)}\n`;
  const said = isDry ? 'would free' : 'freed';
  return `${table}${said} ${printBytes(freedBytes)}, ${printBytes(keptBytes)} ${isDry ? 'would stay' : 'stay'}\n`;
}
