import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { HostError, systemCode } from '../../core/errors.ts';
import type { ImageComparison } from '../../inspect/diff/compare-images.ts';
import type { Inspection } from '../../inspect/inspect-image.ts';
import type { CommandContext } from '../commands/command.ts';
import { version } from '../version.ts';
import type { PageImage } from './data.ts';
import { fileColumns } from './file-columns.ts';
import { readPageAssets, renderPage } from './render-page.ts';

/**
 * Writes the page of an image, or of two that are compared, and says where.
 * @throws HostError `cannot-write-file`
 */
export function writePage(
  file: string,
  [first, ...others]: readonly [Inspection, ...Inspection[]],
  comparison: ImageComparison | null,
  { io }: CommandContext,
): void {
  const page = renderPage(
    {
      madeBy: `strata ${version}`,
      images: [pageImage(first), ...others.map(pageImage)],
      comparison,
    },
    readPageAssets(),
  );
  try {
    writeFileSync(file, page);
  } catch (error) {
    throw new HostError(
      'cannot-write-file',
      `cannot write the page to "${file}": ${systemCode(error) ?? error}`,
      {
        cause: error,
      },
    );
  }
  io.stderr.write(`wrote ${resolve(file)}\n`);
}

function pageImage({ report, stack }: Inspection): PageImage {
  return { report, files: fileColumns(stack) };
}
