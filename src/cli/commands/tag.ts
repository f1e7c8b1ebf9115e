import { tagImage } from '../../store/names.ts';
import { withLocalStore } from '../open-store.ts';
import type { DefineCommand } from './command.ts';

/** `strata tag`: says on standard error what the name is in full. */
export const defineTag: DefineCommand = (command, { io, root }) => {
  command
    .usage('IMAGE NAME')
    .argument('<IMAGE>', 'a name, digest or id of the store')
    .argument('<NAME>', 'the further name: [registry/]name[:tag]')
    .addHelpText('after', '\nExample:\n  strata tag app registry.example.org/team/app:1.2')
    .action(async (image: string, name: string) => {
      const full = await withLocalStore(root(), (store) => tagImage(image, name, store));
      io.stderr.write(`tagged ${full}\n`);
    });
};
