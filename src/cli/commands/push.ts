import { pushStored } from '../../store/push.ts';
import { withLocalStore } from '../open-store.ts';
import { dataFormat, printJSON } from '../print-data.ts';
import { addInsecureFlag, type RegistryFlags, withRegistry } from '../registry-access.ts';
import type { DefineCommand } from './command.ts';

interface PushFlags extends Omit<RegistryFlags, 'registryMirror'> {
  readonly allTags?: boolean;
  readonly format?: string;
  readonly json?: boolean;
}

/** `strata push`: standard output has each name that was pushed, and its digest. */
export const definePush: DefineCommand = (command, context) => {
  command
    .usage('[OPTIONS] NAME...')
    .argument('<NAME...>', 'names of the store; the registry is their first part')
    .option('-a, --all-tags', 'all tags that the store has of each repository')
    .option('--progress <mode>', 'auto, tty, plain, quiet, none or rawjson')
    .option('-q, --quiet', 'print only what was pushed')
    .option('--format <format>', 'table or json')
    .option('--json', 'short for --format json')
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
  addInsecureFlag(command);
};
