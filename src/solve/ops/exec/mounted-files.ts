import { selectFiles } from '../../../copy/select.ts';
import { assert } from '../../../core/assert.ts';
import type { FileTree } from '../../../core/file-tree.ts';
import type { PlannedMount, Vertex } from '../../../plan/vertex.ts';
import { type ChosenFiles, chooseFiles, type OriginServices } from '../../origin.ts';

/** What mounts with an origin show, chosen once for key and run of a step. */
export function mountedFiles(origins: OriginServices): (vertex: Vertex, mount: PlannedMount) => ChosenFiles {
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
    const select = (tree: FileTree) => selectFiles(tree, request);
    const choice = chooseFiles(vertex, mount.origin, request, { select }, origins);
    choices.set(key, choice);
    return choice;
  };
}
