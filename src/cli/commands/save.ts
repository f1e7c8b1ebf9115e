import { resolve } from 'node:path';
import { UsageError } from '../../core/errors.ts';
import { saveImages } from '../../store/save.ts';
import { withLocalStore } from '../open-store.ts';
import type { DefineCommand } from './command.ts';

interface SaveFlags {
  readonly output?: string;
  readonly type: string;
}

/** `strata save`: images of the store in one archive, to a file or to standard output. */
export const defineSave: DefineCommand = (command, { io, root, signal }) => {
  command
    .usage('[OPTIONS] IMAGE...')
    .argument('<IMAGE...>', 'names, digests or ids of the store')
    .option('-o, --output <path>', 'the file to write (default: standard output)')
    .option(
      '--type <type>',
      'docker: an OCI layout that `docker load` reads too; oci: an OCI layout',
      'docker',
    )
    .addHelpText('after', '\nExample:\n  strata save -o app.tar app')
    .action(async (images: string[], { output = '-', type }: SaveFlags) => {
      if (type !== 'docker' && type !== 'oci') {
        throw new UsageError('bad-flag-value', `--type ${type}: unknown type`, {
          hint: 'want docker or oci',
        });
      }
      if (output === '-' && io.stdout.isTTY === true) {
        throw new UsageError('bad-output', 'refusing to write an archive to the terminal', {
          hint: 'name a file with --output, or redirect standard output',
        });
      }
      const destination =
        output === '-'
          ? ({ kind: 'stream', stream: io.stdout } as const)
          : ({ kind: 'file', path: resolve(output) } as const);
      await withLocalStore(root(), (store) =>
        saveImages(images, store, { format: type, destination }, signal),
      );
    });
};
