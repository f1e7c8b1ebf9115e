import { mkdirSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { type BytePath, bytePathFromText, joinBytePath } from '../../core/byte-path.ts';
import { CanceledError } from '../../core/errors.ts';
import type { FileTree } from '../../core/file-tree.ts';
import { outputError } from '../destination.ts';
import { walkTree } from '../walk-tree.ts';
import { openPlacer, type Placer } from './place-files.ts';
import { openTreeStaging } from './tree-staging.ts';

/** How many files are made before others get their turn: the walk itself never waits. */
const filesPerTurn = 64;

/**
 * Writes a root filesystem into a directory, beside what is there. A file replaces a file or a link of the
 * same name, whole or not at all; a link is never followed; a directory that stands in the way of a file is
 * an error, not removed.
 *
 * @param keepsOwners owners and system attributes are set: for root; anybody else owns all files
 *
 * @throws HostError `output-conflict`, `output-unusable`, `device-not-made`, `disk-full`; CanceledError
 */
export async function exportLocal(
  tree: FileTree,
  destination: string,
  keepsOwners: boolean,
  signal: AbortSignal,
): Promise<void> {
  const root = bytePathFromText(destination);
  try {
    mkdirSync(destination, { recursive: true });
    const staging = openTreeStaging(destination);
    try {
      staging.sweep(root);
      await writeTree(tree, root, openPlacer(tree, staging, keepsOwners), signal);
    } finally {
      staging.close();
    }
  } catch (error) {
    throw outputError(error, destination);
  }
}

async function writeTree(tree: FileTree, root: BytePath, placer: Placer, signal: AbortSignal): Promise<void> {
  let count = 0;
  for (const step of walkTree(tree)) {
    if (signal.aborted) throw new CanceledError();
    if (++count % filesPerTurn === 0) await turn();
    const target = joinBytePath(root, step.path);
    if (step.kind === 'leave') placer.finish(step.path, target, step.stat);
    else if (step.sameAs !== undefined) placer.link(joinBytePath(root, step.sameAs), target);
    else await placer.place(step.path, target, step.stat);
  }
}
