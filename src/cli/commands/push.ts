import { pushStored } from '../../store/push.ts';
import { withLocalStore } from '../open-store.ts';
import { dataFormat, printJSON } from '../print-data.ts';
import { addRegistryFlags, type RegistryFlags, withRegistry } from '../registry-access.ts';
import type { DefineCommand } from './command.ts';

interface PushFlags extends RegistryFlags {
  readonly format?: string;
  readonly json?: boolean;
}

export const definePush: DefineCommand = (command, context) => {
  addRegistryFlags(command)
    .usage('[OPTIONS] NAME')
    .argument('<NAME>', 'a name of the store; the registry is its first part')
    .option('--progress <mode>', 'auto, tty, plain, quiet, none or rawjson')
    .option('-q, --quiet', 'print only what was pushed')
    .option('--format <format>', 'table or json')
    .option('--json', 'short for --format json')
    .addHelpText('after', '\nExample:\n  strata push registry.example.org/team/app:1.2')
    .action(async (name: string, flags: PushFlags) => {
      const format = dataFormat(flags);
      const pushed = await withRegistry(flags, context, (access) =>
        withLocalStore(context.root(), (store) => pushStored(name, store, access)),
      );
      const text = format === 'json' ? printJSON(pushed) : `${pushed.name} ${pushed.digest}\n`;
      context.io.stdout.write(text);
    });
};
