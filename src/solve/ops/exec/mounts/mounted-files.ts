import type { Part } from '../../../../cache/recipe.ts';
import { selectFiles } from '../../../../copy/select/select.ts';
import { assert } from '../../../../core/assert.ts';
import type { Digest } from '../../../../core/digest.ts';
import type { ExecOp, PlannedMount, Vertex } from '../../../../plan/vertex.ts';
import type { OpContext } from '../../../op-runner.ts';
import { chooseFiles } from '../../files/choose-files.ts';
import type { ChosenFiles, FileChooser } from '../../files/chosen-files.ts';
import type { OriginServices } from '../../files/origin.ts';

type FilesOf = (vertex: Vertex, mount: PlannedMount) => ChosenFiles;

/** What mounts with an origin show, chosen once for key and run of a step. */
export function mountedFiles(origins: OriginServices): FilesOf {
  const choices = new Map<string, ChosenFiles>();
  return (vertex, mount) => {
    assert(mount.type === 'bind' || mount.type === 'cache', 'only these mounts show files of others');
    const key = `${vertex.id} ${mount.target}`;
    const known = choices.get(key);
    if (known !== undefined) return known;
    const request = {
      sources: [mount.source],
      isLiteral: true,
      keepsParents: false,
      excludes: [],
      heredocs: [],
    };
    const select: FileChooser['select'] = (tree, _, onFound) => selectFiles(tree, request, onFound);
    const choice = chooseFiles(vertex, mount.origin, request, { select }, origins);
    choices.set(key, choice);
    return choice;
  };
}

/** The content of a step's bind mounts, and what its recipe notes of it. */
export interface BoundFiles {
  readonly digests: ReadonlyMap<PlannedMount, Digest>;
  readonly notes: readonly Part[];
}

/** What a step's bind mounts count for in its key; undefined while peeking when a stage they show has not run. */
export async function boundFiles(
  vertex: Vertex<ExecOp>,
  filesOf: FilesOf,
  context: OpContext,
): Promise<BoundFiles | undefined> {
  const digests = new Map<PlannedMount, Digest>();
  const notes: Part[] = [];
  for (const mount of vertex.op.mounts) {
    if (mount.type !== 'bind') continue;
    const files = filesOf(vertex, mount);
    const digest = await files.digest(context);
    if (digest === undefined) return undefined;
    digests.set(mount, digest);
    notes.push(['mount', JSON.stringify([mount.target, mount.source])]);
    notes.push(...(await files.notes(context)));
  }
  return { digests, notes };
}
