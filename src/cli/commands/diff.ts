import { compareImages } from '../../inspect/diff/compare-images.ts';
import { addImageFlags, type ImageFlags, imageArgument, withImages } from '../inspect/image-access.ts';
import { lookOf } from '../inspect/look.ts';
import { diffLines } from '../inspect/print-diff.ts';
import { pageImage, writePage } from '../page/write-page.ts';
import { printJSONPieces } from '../print/print-data.ts';
import { asLines, writePieces } from '../print/write-pieces.ts';
import type { DefineCommand } from './command.ts';

interface DiffFlags extends ImageFlags {
  readonly stat?: boolean;
  readonly json?: boolean;
  readonly html?: string;
}

/** `strata diff`: what two images do not have in common (docs/INSPECT.md). */
export const defineDiff: DefineCommand = (command, context) => {
  addImageFlags(command)
    .usage('[OPTIONS] A B')
    .argument('<A>', imageArgument)
    .argument('<B>', 'the other one')
    .option('--stat', 'print how much differs, not what')
    .option('--html <file>', 'write one page with both images beside each other, for a browser')
    .option('--json', 'print everything as JSON (docs/INSPECT.md)')
    .addHelpText(
      'after',
      '\nExample:\n  strata diff app:1 app:2\n' +
        '\nExits 0 when both are the same image by their id, 1 when they are not.',
    )
    .action(async (specA: string, specB: string, flags: DiffFlags) => {
      await withImages([specA, specB], flags, context, async ([a, b], known) => {
        if (a === undefined || b === undefined) return;
        const compared = await compareImages(a, b, known);
        const { comparison, differences } = compared;
        if (flags.html !== undefined) {
          const sides = { a: pageImage(compared.a), b: pageImage(compared.b) };
          const page = { kind: 'comparison', ...sides, comparison, differences: [...differences] } as const;
          writePage(flags.html, page, context);
        }
        const { files, findings } = comparison;
        const { stdout } = context.io;
        const isShort = flags.stat === true;
        const data = { ...comparison, files: { ...files, list: isShort ? [] : differences } };
        if (flags.json === true) await writePieces(stdout, printJSONPieces(data));
        else await writePieces(stdout, asLines(diffLines(compared, lookOf(context.io), isShort)));
        if (!comparison.isSame || findings.a.length + findings.b.length > 0) context.exitCode = 1;
      });
    });
};
