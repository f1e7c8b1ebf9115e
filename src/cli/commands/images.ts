import { digestHex } from '../../core/digest.ts';
import { printBytes } from '../../progress/text/quantities.ts';
import { familiarName, parseReference } from '../../registry/reference.ts';
import { type ImageListing, listImages } from '../../store/list-images.ts';
import { addDataFlags, type DataFlags, dataFormat } from '../flags/data-format.ts';
import { withLocalStore } from '../open-store.ts';
import { printJSON, printTable } from '../print/print-data.ts';
import type { DefineCommand } from './command.ts';

interface ImagesFlags extends DataFlags {
  readonly quiet?: boolean;
}

/** `strata images`: the names in the store, with what they stand for. */
export const defineImages: DefineCommand = (command, { io, root }) => {
  command
    .usage('[OPTIONS]')
    .option('-q, --quiet', 'print only the digests')
    .addHelpText('after', '\nExample:\n  strata images --format json')
    .action(async (flags: ImagesFlags) => {
      const format = dataFormat(flags);
      const images = await withLocalStore(root(), listImages);
      if (flags.quiet === true) {
        for (const digest of new Set(images.map((image) => image.digest))) io.stdout.write(`${digest}\n`);
      } else {
        io.stdout.write(format === 'json' ? printJSON(images) : printImages(images));
      }
    });
  addDataFlags(command);
};

function printImages(images: readonly ImageListing[]): string {
  const rows = images.map(({ name, id, digest, platforms, created, sizeBytes, isReadable }) => [
    familiarName(parseReference(name)),
    // Docker shows the id; an image of several platforms has none.
    digestHex(id ?? digest).slice(0, 12),
    isReadable ? platforms.join(',') : 'damaged',
    created?.replace(/^(\S{10})T(\S{5}).*$/, '$1 $2') ?? '-',
    isReadable ? printBytes(sizeBytes) : '-',
  ]);
  return printTable(['IMAGE', 'ID', 'PLATFORM', 'CREATED', 'SIZE'], rows);
}
