import { keyOf } from '../../../cache/recipe.ts';
import type { ServerAccess } from '../../../context/authorization.ts';
import type { RemoteServices } from '../../../copy/select/remote-source.ts';
import { selectFiles } from '../../../copy/select/select.ts';
import { openAdded } from '../../../copy/select/select-added.ts';
import { StepError } from '../../../core/errors.ts';
import type { CopyOp, Vertex, VertexID } from '../../../plan/vertex.ts';
import { chooseFiles } from '../files/choose-files.ts';
import type { ChosenFiles, FileChooser } from '../files/chosen-files.ts';
import type { OriginServices } from '../files/origin.ts';

/** What COPY and ADD take, chosen once for key and run of a step. */
export function copiedFiles(
  services: OriginServices,
  servers: ServerAccess,
): (vertex: Vertex<CopyOp>) => ChosenFiles {
  const choices = new Map<VertexID, ChosenFiles>();
  return (vertex) => {
    const known = choices.get(vertex.id);
    if (known !== undefined) return known;
    const choice = chooseCopied(vertex, services, servers);
    choices.set(vertex.id, choice);
    return choice;
  };
}

function chooseCopied(vertex: Vertex<CopyOp>, services: OriginServices, servers: ServerAccess): ChosenFiles {
  const { op } = vertex;
  const { sources, keepsParents, excludes, heredocs, checksum, keepGitDir } = op;
  const request = { sources, keepsParents, excludes, heredocs, checksum, keepGitDir };
  const { select, identify }: FileChooser =
    op.instruction === 'COPY'
      ? { select: (tree, _, onFound) => selectFiles(tree, request, onFound) }
      : openAdded(request, { ...memoryOf(services), scratch: services.scratch, servers });
  const chooser: FileChooser = {
    select: (tree, signal, onFound) => select(tree, signal, onFound).catch(explaining(op)),
    replaces: { owner: op.owner, mode: op.mode },
    ...(identify === undefined ? {} : { identify }),
  };
  return chooseFiles(vertex, op.origin, request, chooser, services);
}

/** For a source that is not there: what makes one think that its word was no path at all. */
function explaining({ oddPaths, sources: [first], heredocs }: CopyOp): (error: unknown) => never {
  return (error) => {
    if (oddPaths === undefined || !(error instanceof StepError)) throw error;
    const { code, message, word, cause } = error;
    // Whatever is behind it, the first word is a path, unless it opens what looks like an array.
    const isPath = word === first && heredocs.length === 0 && word?.startsWith('[') !== true;
    if (isPath || !['source-not-found', 'bad-pattern'].includes(code)) throw error;
    throw new StepError(code, message, { hint: oddPaths, word, cause });
  };
}

/** What URLs held when they were last asked. */
function memoryOf({ steps }: OriginServices): Pick<RemoteServices, 'recall' | 'remember'> {
  const question = (url: string) => keyOf({ kind: 'download', parts: [['url', url]] });
  return {
    recall: (url) => steps.recall(question(url)),
    remember: (url, fact) => steps.remember(question(url), fact),
  };
}
