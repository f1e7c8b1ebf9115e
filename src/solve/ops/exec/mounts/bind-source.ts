/**
 * What RUN --mount=type=bind shows (Dockerfile reference, 3.5): files of a context, by way of a snapshot of
 * just those files, or a place in another stage's filesystem. Writes, where allowed, are thrown away.
 */
import { join } from 'node:path';
import { keyOf } from '../../../../cache/recipe.ts';
import { asSelected } from '../../../../copy/as-selected.ts';
import { placeFiles } from '../../../../copy/place.ts';
import { assert } from '../../../../core/assert.ts';
import { bytePathFromText, bytePathToText } from '../../../../core/byte-path.ts';
import { StepError } from '../../../../core/errors.ts';
import { emptyTree, resolveBeneath } from '../../../../core/file-tree.ts';
import { writeEntries } from '../../../../layer/write-entries.ts';
import type { PlannedMount, Vertex } from '../../../../plan/vertex.ts';
import type { SnapshotID, Stack } from '../../../../snapshot/snapshotter.ts';
import type { OpContext } from '../../../op-runner.ts';
import type { ChosenFiles } from '../../files/chosen-files.ts';
import { type OriginServices, stackOf } from '../../files/origin.ts';

export type BindMount = PlannedMount & { type: 'bind' };

/** Something opened for one step; its release never fails the step. */
export interface OpenedSource {
  readonly path: string;
  release(): Promise<void>;
}

/** Where the files of a context lie in the snapshot made for a mount, be the source a file or a directory. */
const inSnapshot = 'source';

/**
 * Makes what a bind mount shows visible on the host.
 * @throws StepError `source-not-found`
 */
export async function openBind(
  vertex: Vertex,
  mount: BindMount,
  chosen: ChosenFiles,
  services: OriginServices,
  context: OpContext,
): Promise<OpenedSource> {
  const { snapshotter, layers } = services;
  const { origin, isReadOnly } = mount;
  const stack: Stack | undefined =
    origin.kind === 'input'
      ? await stackOf(origin.index, vertex, context)
      : [await contextSnapshot(chosen, services, context)];
  assert(stack !== undefined, 'a step runs when what it mounts is there');
  await layers.ensureFiles(stack, context.signal);
  const view = snapshotter.view(stack);
  const source = origin.kind === 'input' ? mount.source : inSnapshot;
  const path = resolveBeneath(view, bytePathFromText(source));
  if (view.lstat(path) === undefined) {
    throw new StepError(
      'source-not-found',
      `"${mount.source}" not found: nothing to mount at ${mount.target}`,
      { word: mount.source },
    );
  }
  const scratch = isReadOnly ? undefined : snapshotter.prepare(stack);
  const mounted = snapshotter.mount(stack, scratch);
  return {
    path: join(mounted, bytePathToText(path)),
    async release() {
      snapshotter.unmount(mounted);
      if (scratch !== undefined) await snapshotter.discard(scratch);
    },
  };
}

/** The chosen files in a snapshot of their own, found again by their content. */
async function contextSnapshot(
  chosen: ChosenFiles,
  { snapshotter, steps }: OriginServices,
  context: OpContext,
): Promise<SnapshotID> {
  const digest = await chosen.digest(context);
  assert(digest !== undefined, 'files of a context are there from the start');
  const question = keyOf({ kind: 'mounted files', parts: [['files', digest]] });
  const known = steps.recall(question);
  if (known !== undefined && snapshotter.has(known)) return known;
  const active = snapshotter.prepare([]);
  try {
    const placed = placeFiles(asSelected(await chosen.selection(context)), emptyTree, {
      dest: `/${inSnapshot}`,
      isLink: false,
      createdAt: { seconds: 0, nanoseconds: 0 },
    });
    await writeEntries(placed, active, context.signal);
    const id = snapshotter.newID();
    await snapshotter.commit(active, id);
    await steps.remember(question, id);
    return id;
  } catch (error) {
    await snapshotter.discard(active);
    throw error;
  }
}
