import type { Command } from 'commander';
import { platformFromNode } from '../../core/platform.ts';
import { readCatalog } from '../../inspect/catalog.ts';
import type { StoreKnowledge } from '../../inspect/inspect-image.ts';
import { openImage } from '../../inspect/open/open-image.ts';
import type { OpenedImage } from '../../inspect/open/opened-image.ts';
import type { CommandContext } from '../commands/command.ts';
import { readPlatform } from '../flags/platform.ts';
import { addRegistryFlags, type RegistryFlags, withRegistry } from '../registry-access.ts';
import { readBuildOf } from './build-of-image.ts';

/** Flags of every command that looks into images. */
export interface ImageFlags extends RegistryFlags {
  readonly platform?: string;
}

/** Adds `--platform` and the flags for registries. */
export function addImageFlags(command: Command): Command {
  return addRegistryFlags(
    command.option(
      '--platform <platform>',
      "os/arch[/variant] (default: this machine's, or the only one there is)",
    ),
  );
}

/** What IMAGE can be, for the help of a command. */
export const imageArgument =
  'a name, digest or id of the store; an OCI layout (tar or directory, [:TAG]) or a docker archive; docker://REF';

/** Opens images for as long as `work` takes. */
export async function withImages<T>(
  specs: readonly string[],
  flags: ImageFlags,
  context: CommandContext,
  work: (images: readonly OpenedImage[], known: StoreKnowledge) => Promise<T>,
): Promise<T> {
  const root = context.root();
  const hostPlatform = platformFromNode(process.arch);
  const platform = flags.platform === undefined ? undefined : readPlatform(flags.platform);
  return withRegistry(flags, context, async ({ registry, signal }) => {
    const images: OpenedImage[] = [];
    try {
      for (const spec of specs) {
        images.push(await openImage(spec, { root, registry, wanted: { platform, hostPlatform }, signal }));
      }
      return await work(images, {
        catalog: await readCatalog(root),
        buildOf: (config) => readBuildOf(root, config),
      });
    } finally {
      for (const image of images) await image.close();
    }
  });
}
