import { UsageError } from '../../core/errors.ts';
import { type Platform, platformFromNode } from '../../core/platform.ts';
import { pullImage } from '../../store/pull.ts';
import { addDataFlags, type DataFlags, dataFormat } from '../flags/data-format.ts';
import { readPlatform } from '../flags/platform.ts';
import { withLocalStore } from '../open-store.ts';
import { printJSON } from '../print/print-data.ts';
import { addRegistryFlags, type RegistryFlags, withRegistry } from '../registry-access.ts';
import type { DefineCommand } from './command.ts';

interface PullFlags extends DataFlags, RegistryFlags {
  readonly platform?: string;
  readonly allPlatforms?: boolean;
}

/** `strata pull`: standard output has the whole name and the digest it stands for. */
export const definePull: DefineCommand = (command, context) => {
  command
    .usage('[OPTIONS] NAME')
    .argument('<NAME>', '[registry/]name[:tag][@digest]')
    .option('--platform <platform>', "os/arch[/variant] (default: this machine's)")
    .option('--all-platforms', 'all that the image has, so that it keeps the digest of its index')
    .option('--progress <mode>', 'auto, tty, plain, quiet, none or rawjson')
    .option('-q, --quiet', 'print only what was pulled')
    .addHelpText('after', '\nExample:\n  strata pull debian:bookworm')
    .action(async (name: string, flags: PullFlags) => {
      const format = dataFormat(flags);
      const platform = choosePlatform(flags);
      const pulled = await withRegistry(flags, context, (access) =>
        withLocalStore(context.root(), (store) => pullImage(name, platform, store, access)),
      );
      const text = format === 'json' ? printJSON(pulled) : `${pulled.name} ${pulled.digest}\n`;
      context.io.stdout.write(text);
    });
  addDataFlags(command);
  addRegistryFlags(command);
};

/** Undefined for all. @throws UsageError `bad-platform`, `conflicting-flags` */
function choosePlatform({ platform, allPlatforms = false }: PullFlags): Platform | undefined {
  if (platform === undefined) return allPlatforms ? undefined : platformFromNode(process.arch);
  if (!allPlatforms) return readPlatform(platform);
  throw new UsageError('conflicting-flags', '--platform and --all-platforms exclude each other');
}
