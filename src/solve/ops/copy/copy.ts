import { keyOf } from '../../../cache/recipe.ts';
import type { ServerAccess } from '../../../context/authorization.ts';
import { asSelected } from '../../../copy/as-selected.ts';
import { isLookedUp } from '../../../copy/owner.ts';
import { placeFiles } from '../../../copy/place.ts';
import type { Selection } from '../../../copy/selection.ts';
import { openArchives } from '../../../copy/unpack.ts';
import type { KeyDigest } from '../../../core/digest.ts';
import { emptyTree, type FileTree } from '../../../core/file-tree.ts';
import type { CopyOp } from '../../../plan/vertex.ts';
import type { Stack } from '../../../snapshot/snapshotter.ts';
import type { OpContext, OpRunner } from '../../op-runner.ts';
import type { OriginServices } from '../files/origin.ts';
import type { AboutCopy, EntryPublisher } from '../publish.ts';
import type { StepTimes } from '../step-times.ts';
import { copiedFiles } from './copied-files.ts';
import { copyRecipe } from './recipe.ts';

/** COPY and ADD: files chosen from an origin become a layer's entries. */
export function copyRunner(
  services: OriginServices,
  publisher: EntryPublisher,
  times: StepTimes,
  servers: ServerAccess,
): OpRunner<CopyOp> {
  const chosen = copiedFiles(services, servers);
  return {
    async recipe(vertex, context) {
      const files = chosen(vertex);
      const content = await files.digest(context);
      if (content === undefined) return undefined;
      return copyRecipe(vertex.op, content, times, await files.notes(context));
    },
    async prepare(vertex, below, context) {
      const { op } = vertex;
      await publisher.prepare(vertex, below, context.signal);
      const onto = op.isLink ? emptyTree : await openBelow(op, below, services, context);
      return async () => {
        const selection = asSelected(await chosen(vertex).selection(context));
        const opened =
          op.instruction === 'COPY'
            ? selection
            : await openArchives(selection, op.unpack, services.scratch(), context.signal);
        const entries = placeFiles(opened, onto, {
          dest: op.dest,
          owner: op.owner,
          mode: op.mode,
          isLink: op.isLink,
          createdAt: times.createdAt(),
        });
        const [id] = await Promise.all([
          publisher.publish(vertex, below, entries, context.signal, aboutCopy(op, selection)),
          chosen(vertex).keepList(),
        ]);
        return id;
      };
    },
  };
}

function aboutCopy(op: CopyOp, selection: Selection): AboutCopy {
  const counts = selection.sources.map((source) => (source.kind === 'directory' ? source.files.length : 1));
  return { like: likeness(op, selection), fileCount: counts.reduce((sum, count) => sum + count, 0) };
}

/**
 * What tells a copy that is likely to have the files of this one: the same instruction in the same directory of the
 * host. Nothing is believed because of it.
 */
function likeness(op: CopyOp, { sources }: Selection): KeyDigest | undefined {
  const directory = sources[0]?.tree.directory;
  if (directory === undefined) return undefined;
  const { instruction, dest, owner, mode, isLink, keepsParents, excludes } = op;
  const words = { instruction, sources: op.sources, dest, owner, mode, isLink, keepsParents, excludes };
  return keyOf({
    kind: 'like',
    parts: [
      ['directory', directory],
      ['copy', JSON.stringify(words)],
    ],
  });
}

/**
 * What the files are put onto. Names and metadata of what is below say where they go; its content is read
 * only to look up an owner by name, or to take up hard links of an archive.
 */
async function openBelow(
  op: CopyOp,
  below: Stack,
  { layers }: OriginServices,
  { signal }: OpContext,
): Promise<FileTree> {
  if (readsBelow(op)) await layers.ensureFiles(below, signal);
  return layers.openListing(below, signal);
}

/** Whether a copy reads content of files below it. */
export function readsBelow({ instruction, owner = '', isLink }: CopyOp): boolean {
  return !isLink && (instruction === 'ADD' || isLookedUp(owner));
}
