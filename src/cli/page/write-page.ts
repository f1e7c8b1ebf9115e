import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { HostError, systemCode } from '../../core/errors.ts';
import type { Inspection } from '../../inspect/inspect-image.ts';
import type { CommandContext } from '../commands/command.ts';
import { version } from '../version.ts';
import type { PageImage, PageSubject } from './data.ts';
import { fileColumns } from './file-columns.ts';
import { readPageAssets, renderPage } from './render-page.ts';

/**
 * Writes a page, and says where.
 * @throws HostError `cannot-write-file`
 */
export function writePage(file: string, subject: PageSubject, { io }: CommandContext): void {
  const page = renderPage({ madeBy: `strata ${version}`, subject }, readPageAssets());
  try {
    writeFileSync(file, page);
  } catch (error) {
    const reason = systemCode(error) ?? error;
    throw new HostError('cannot-write-file', `cannot write the page to "${file}": ${reason}`, {
      cause: error,
    });
  }
  io.stderr.write(`wrote ${resolve(file)}\n`);
}

/** An image as a page has it. */
export function pageImage({ report, stack }: Inspection): PageImage {
  return { report, files: fileColumns(stack) };
}
