import { UsageError } from '../../core/errors.ts';
import { loadImages } from '../../store/load.ts';
import { addDataFlags, type DataFlags, dataFormat } from '../flags/data-format.ts';
import { withLocalStore } from '../open-store.ts';
import { printJSON } from '../print/print-data.ts';
import { isTerminal } from '../terminal.ts';
import type { DefineCommand } from './command.ts';

interface LoadFlags extends DataFlags {
  readonly input?: string;
  readonly tag?: string;
}

/** `strata load`: images of an archive into the store; prints the names they have there. */
export const defineLoad: DefineCommand = (command, { io, root, signal }) => {
  command
    .usage('[OPTIONS]')
    .option('-i, --input <path>', 'an archive, or the directory of an OCI layout (default: standard input)')
    .option('-t, --tag <name>', 'name of the image, for a source that holds one')
    .addHelpText('after', '\nExample:\n  strata load -i app.tar')
    .action(async ({ input = '-', tag, ...flags }: LoadFlags) => {
      const format = dataFormat(flags);
      if (input === '-' && isTerminal(io.stdin)) {
        throw new UsageError('bad-input', 'an archive is wanted on standard input, and that is a terminal', {
          hint: 'name a file with --input',
        });
      }
      const source = input === '-' ? io.stdin : input;
      const loaded = await withLocalStore(root(), (store) => loadImages(source, tag, store, signal));
      if (format === 'json') io.stdout.write(printJSON(loaded));
      else for (const { name } of loaded) io.stdout.write(`loaded ${name}\n`);
    });
  addDataFlags(command);
};
