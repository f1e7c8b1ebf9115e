import { pushStored } from '../../store/push.ts';
import { addDataFlags, type DataFlags, dataFormat } from '../flags/data-format.ts';
import { withLocalStore } from '../open-store.ts';
import { printJSON } from '../print/print-data.ts';
import { addInsecureFlag, type RegistryFlags, withRegistry } from '../registry-access.ts';
import type { DefineCommand } from './command.ts';

interface PushFlags extends DataFlags, Omit<RegistryFlags, 'registryMirror'> {
  readonly allTags?: boolean;
}

/** `strata push`: standard output has each name that was pushed, and its digest. */
export const definePush: DefineCommand = (command, context) => {
  command
    .usage('[OPTIONS] NAME...')
    .argument('<NAME...>', 'names of the store; the registry is their first part')
    .option('-a, --all-tags', 'all tags that the store has of each repository')
    .option('--progress <mode>', 'auto, tty, plain, quiet, none or rawjson')
    .option('-q, --quiet', 'print only what was pushed')
    .addHelpText('after', '\nExample:\n  strata push registry.example.org/team/app:1.2')
    .action(async (names: string[], flags: PushFlags) => {
      const format = dataFormat(flags);
      const pushed = await withRegistry({ ...flags, registryMirror: [] }, context, (access) =>
        withLocalStore(context.root(), (store) =>
          pushStored(names, { allTags: flags.allTags === true }, store, access),
        ),
      );
      const lines = pushed.map(({ name, digest }) => `${name} ${digest}\n`).join('');
      context.io.stdout.write(format === 'json' ? printJSON(pushed) : lines);
    });
  addDataFlags(command);
  addInsecureFlag(command);
};
