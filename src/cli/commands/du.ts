import { listRuns } from '../../build/store/workspace.ts';
import { printBytes } from '../../progress/text/quantities.ts';
import { type DiskUse, diskUse, type EntryUse, type KindUse } from '../../store/disk-use.ts';
import { addDataFlags, type DataFlags, dataFormat } from '../flags/data-format.ts';
import { cleanText } from '../print/clean-text.ts';
import { printAge } from '../print/print-age.ts';
import { printJSON, printTable } from '../print/print-data.ts';
import type { DefineCommand } from './command.ts';

interface DuFlags extends DataFlags {
  readonly verbose?: boolean;
}

/** `strata du`: what lies in the store, in bytes on the disk. */
export const defineDu: DefineCommand = (command, { io, root, becomeRoot }) => {
  command
    .usage('[OPTIONS]')
    .option('-v, --verbose', 'every entry, the largest first')
    .addHelpText('after', '\nExample:\n  strata du --verbose')
    .action(async (flags: DuFlags) => {
      const format = dataFormat(flags);
      await becomeRoot();
      const starts = listRuns(root()).map(({ startedAt }) => startedAt);
      const use = await diskUse(root(), starts.length === 0 ? undefined : Math.min(...starts));
      if (format === 'json') io.stdout.write(printJSON(use));
      else io.stdout.write(flags.verbose === true ? `${printEntries(use)}\n${printUse(use)}` : printUse(use));
    });
  addDataFlags(command);
};

function printUse(use: DiskUse): string {
  const rows = use.kinds.map(({ kind, count, bytes, reclaimableBytes, lastUsed }: KindUse) => [
    kind,
    String(count),
    printBytes(bytes),
    printBytes(reclaimableBytes),
    lastUsed === undefined ? '-' : printAge(Date.parse(lastUsed), Date.now()),
  ]);
  const total = ['total', '', printBytes(use.totalBytes), printBytes(use.reclaimableBytes), ''];
  return (
    printTable(['KIND', 'COUNT', 'SIZE', 'RECLAIMABLE', 'LAST USED'], [...rows, total]) +
    `\n"strata prune" would free ${printBytes(use.unneededBytes)}, ` +
    `"strata prune --all" ${printBytes(use.reclaimableBytes)}\n`
  );
}

function printEntries({ entries }: DiskUse): string {
  const rows = [...entries]
    .sort((a, b) => b.bytes - a.bytes)
    .map(({ kind, id, bytes, lastUsed, state, label }: EntryUse) => [
      kind,
      id.slice(0, 13),
      printBytes(bytes),
      printAge(Date.parse(lastUsed), Date.now()),
      state,
      label,
    ]);
  // Labels quote instructions and names.
  return cleanText(printTable(['KIND', 'ID', 'SIZE', 'LAST USED', 'STATE', 'WHAT'], rows), false);
}
