import { UsageError } from '../../core/errors.ts';
import { inspectImage } from '../../inspect/inspect-image.ts';
import { type FileReport, listLayerFiles, listMergedFiles } from '../../inspect/list-files.ts';
import type { ImageReport } from '../../inspect/report.ts';
import type { Stack } from '../../inspect/stack-layers.ts';
import { checkLimits, type LimitCheck } from '../../inspect/waste/limits.ts';
import { parseCount } from '../flags/amount.ts';
import { addImageFlags, type ImageFlags, imageArgument, withImages } from '../inspect/image-access.ts';
import { type LimitFlags, readLimits } from '../inspect/limits.ts';
import { type Look, lookOf } from '../inspect/look.ts';
import { fileLines } from '../inspect/print-files.ts';
import { findingLines } from '../inspect/print-findings.ts';
import { imageLines } from '../inspect/print-image.ts';
import { layerLines } from '../inspect/print-layers.ts';
import { limitLines, wasteLines } from '../inspect/print-waste.ts';
import { pageImage, writePage } from '../page/write-page.ts';
import { printJSONPieces } from '../print/print-data.ts';
import { asLines, writePieces } from '../print/write-pieces.ts';
import type { DefineCommand } from './command.ts';

interface InspectFlags extends ImageFlags, LimitFlags {
  readonly files?: boolean;
  readonly layer?: string;
  readonly json?: boolean;
  readonly html?: string;
  /** Commander's name for `--no-trunc`. */
  readonly trunc: boolean;
}

/** `strata inspect`: an image layer by layer, and whether it keeps to the limits that are given (docs/INSPECT.md). */
export const defineInspect: DefineCommand = (command, context) => {
  addImageFlags(command)
    .usage('[OPTIONS] IMAGE')
    .argument('<IMAGE>', imageArgument)
    .option('--files', 'print the files too: of the finished image, or with --layer of that layer')
    .option('--layer <number>', 'only this layer, the lowest is 0')
    .option('--json', 'print everything as JSON (docs/INSPECT.md)')
    .option('--html <file>', 'write one page with everything, for a browser')
    .option('--no-trunc', 'cut no digest and no instruction')
    .option('--lowest-efficiency <share>', 'fail below this efficiency: 0.9 or 90%')
    .option('--highest-wasted-bytes <bytes>', 'fail above so many wasted bytes: 20MB')
    .option('--highest-user-wasted-percent <share>', 'fail above this share of wasted bytes: 0.1 or 10%')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  strata inspect app\n' +
        '  strata inspect --layer 3 --files app.oci.tar\n' +
        '  strata inspect --html app.html app\n' +
        '  strata inspect --lowest-efficiency 95% docker://127.0.0.1:5000/team/app:1\n' +
        '\nExits 1 when a limit is exceeded, or the image is damaged.',
    )
    .action(async (spec: string, flags: InspectFlags) => {
      const limits = readLimits(flags);
      const layer = flags.layer === undefined ? undefined : parseCount('--layer', flags.layer, 0);
      await withImages([spec], flags, context, async ([image], known) => {
        if (image === undefined) return;
        const { report, stack } = await inspectImage(image, known);
        const view: View = {
          report: layer === undefined ? report : cutToLayer(report, layer),
          checks: checkLimits(report.efficiency, limits),
          files: flags.files === true ? listFiles(stack, layer) : undefined,
        };
        if (flags.html !== undefined)
          writePage(flags.html, { kind: 'image', image: pageImage({ report, stack }) }, context);
        const { stdout } = context.io;
        if (flags.json === true) await writePieces(stdout, printJSONPieces(jsonOf(view)));
        else {
          const look = lookOf(context.io);
          const own = flags.trunc ? look : { ...look, width: undefined };
          await writePieces(stdout, asLines(viewLines(view, layer, own, !flags.trunc)));
        }
        const isGood = report.findings.length === 0 && view.checks.every(({ isKept }) => isKept);
        if (!isGood) context.exitCode = 1;
      });
    });
};

/** What was asked for. */
interface View {
  readonly report: ImageReport;
  readonly checks: readonly LimitCheck[];
  /** Read anew each time. */
  readonly files: Iterable<FileReport> | undefined;
}

/** @throws UsageError `bad-flag-value` */
function cutToLayer(report: ImageReport, layer: number): ImageReport {
  const layers = report.layers.filter(({ index }) => index === layer);
  if (layers.length === 0) {
    throw new UsageError('bad-flag-value', `--layer ${layer}: the image has ${report.layers.length} layers`, {
      hint: 'the lowest is 0',
    });
  }
  const items = report.waste.items.filter((item) => item.layer === layer || item.otherLayer === layer);
  return { ...report, layers, waste: { ...report.waste, items } };
}

function listFiles(stack: Stack, layer: number | undefined): Iterable<FileReport> {
  return {
    [Symbol.iterator]: () => (layer === undefined ? listMergedFiles(stack) : listLayerFiles(stack, layer)),
  };
}

function jsonOf({ report, checks, files }: View): object {
  return { ...report, limits: checks, ...(files === undefined ? {} : { files }) };
}

function* viewLines(
  { report, checks, files }: View,
  layer: number | undefined,
  look: Look,
  isWhole: boolean,
): Generator<string, void, undefined> {
  const title = layer === undefined ? 'Files of the finished image' : `Files of layer ${layer}`;
  yield* imageLines(report, look);
  yield* layerLines(report, look, isWhole);
  yield* wasteLines(report, look);
  if (files !== undefined) yield* fileLines(title, files, look);
  yield* limitLines(checks, look);
  yield* findingLines(report.findings, look);
}
