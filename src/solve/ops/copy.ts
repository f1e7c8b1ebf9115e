import { keyOf, type Part, type Recipe } from '../../cache/recipe.ts';
import type { ServerAccess } from '../../context/authorization.ts';
import { isLookedUp } from '../../copy/owner.ts';
import { placeFiles } from '../../copy/place.ts';
import type { RemoteServices } from '../../copy/remote-source.ts';
import { selectFiles } from '../../copy/select.ts';
import { openAdded } from '../../copy/select-added.ts';
import { openArchives } from '../../copy/unpack.ts';
import { StepError } from '../../core/errors.ts';
import { emptyTree, type FileTree } from '../../core/file-tree.ts';
import type { CopyOp, Vertex, VertexID } from '../../plan/vertex.ts';
import type { Stack } from '../../snapshot/snapshotter.ts';
import type { OpContext, OpRunner } from '../op-runner.ts';
import { type ChosenFiles, chooseFiles, type FileChooser, type OriginServices } from '../origin.ts';
import type { EntryPublisher } from '../publish.ts';
import { type StepTimes, timeParts } from '../step-times.ts';

/** COPY and ADD: files chosen from an origin become a layer's entries. */
export function copyRunner(
  services: OriginServices,
  publisher: EntryPublisher,
  times: StepTimes,
  servers: ServerAccess,
): OpRunner<CopyOp> {
  const choices = new Map<VertexID, ChosenFiles>();
  const chosen = (vertex: Vertex<CopyOp>): ChosenFiles => {
    let choice = choices.get(vertex.id);
    if (choice === undefined) {
      const { op } = vertex;
      const { sources, keepsParents, excludes, heredocs, checksum, keepGitDir } = op;
      const request = { sources, keepsParents, excludes, heredocs, checksum, keepGitDir };
      const { select, identify }: FileChooser =
        op.instruction === 'COPY'
          ? { select: (tree) => selectFiles(tree, request) }
          : openAdded(request, { ...memoryOf(services), scratch: services.scratch, servers });
      const replaces = { owner: op.owner, mode: op.mode };
      const chooser: FileChooser = {
        select: (tree, signal) => select(tree, signal).catch(explaining(op)),
        replaces,
        ...(identify === undefined ? {} : { identify }),
      };
      choice = chooseFiles(vertex, op.origin, request, chooser, services);
      choices.set(vertex.id, choice);
    }
    return choice;
  };
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
      const onto = op.isLink ? emptyTree : await openDestination(op, below, services, context);
      return async () => {
        const selection = await chosen(vertex).selection(context);
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
          publisher.publish(vertex, below, entries, context.signal),
          chosen(vertex).keepList(),
        ]);
        return id;
      };
    },
  };
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

/**
 * What the files are put onto. Names and metadata of what is below say where they go; its content is read
 * only to look up an owner by name, or to take up hard links of an archive.
 */
async function openDestination(
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

/** The files by content; how and where they are put by the words of the instruction. */
function copyRecipe(op: CopyOp, content: string, times: StepTimes, notes: readonly Part[]): Recipe {
  const parts: Part[] = [
    ['files', content],
    ['dest', op.dest],
  ];
  if (op.owner !== undefined) parts.push(['chown', op.owner]);
  if (op.mode !== undefined) parts.push(['chmod', op.mode]);
  if (op.isLink) parts.push(['link', 'true']);
  if (op.keepsParents) parts.push(['parents', 'true']);
  if (op.instruction === 'ADD') parts.push(['unpack', String(op.unpack ?? 'local')]);
  parts.push(...timeParts(times));
  const sources = op.sources.map((source): Part => ['source', op.keepsParents ? pivotOf(source) : source]);
  return { kind: 'copy', parts, notes: [...sources, ...notes] };
}

/** What stays behind of a source of `--parents`: the part before `/./`. */
function pivotOf(source: string): string {
  return /^(.*?)\/\.\//s.exec(source)?.[1] ?? '';
}
