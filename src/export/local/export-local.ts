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
 * an error, not removed. All files belong to who builds, whoever owned them in the image; so a directory made
 * for them is nobody else's to look into, as with BuildKit: a setuid program may be among them.
 *
 * @param isRoot attributes of the system, capabilities among them, are set: nobody else may
 *
 * @throws HostError `output-conflict`, `output-unusable`, `device-not-made`, `disk-full`; CanceledError
 */
export async function exportLocal(
  tree: FileTree,
  destination: string,
  isRoot: boolean,
  signal: AbortSignal,
): Promise<void> {
  const root = bytePathFromText(destination);
  try {
    mkdirSync(destination, { recursive: true, mode: 0o700 });
    const staging = openTreeStaging(destination);
    try {
      staging.sweep(root);
      await writeTree(tree, root, openPlacer(tree, staging, isRoot), signal);
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
