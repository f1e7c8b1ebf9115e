import { removeImages } from '../../store/names.ts';
import { addDataFlags, type DataFlags, dataFormat } from '../flags/data-format.ts';
import { withLocalStore } from '../open-store.ts';
import { printJSON } from '../print/print-data.ts';
import type { DefineCommand } from './command.ts';

interface RmiFlags extends DataFlags {
  readonly force?: boolean;
}

/** `strata rmi`: takes names away; layers stay until a prune. */
export const defineRmi: DefineCommand = (command, { io, root }) => {
  command
    .usage('[OPTIONS] IMAGE...')
    .argument('<IMAGE...>', 'names, or digests or ids, which lose all their names')
    .option('-f, --force', 'what is not there is no error')
    .addHelpText(
      'after',
      '\nExample:\n  strata rmi app:old\n\nLayers that nothing needs any more go with `strata prune`.',
    )
    .action(async (images: string[], flags: RmiFlags) => {
      const format = dataFormat(flags);
      const removed = await withLocalStore(root(), (store) =>
        removeImages(images, store, flags.force === true),
      );
      if (format === 'json') io.stdout.write(printJSON({ removed }));
      else for (const name of removed) io.stdout.write(`removed ${name}\n`);
    });
  addDataFlags(command);
};
