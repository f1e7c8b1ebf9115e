import { setImmediate } from 'node:timers/promises';
import { type SelectionDigest, selectionDigest } from '../../../copy/digest/content-digest.ts';
import { openFileHasher } from '../../../copy/digest/file-hasher.ts';
import { keptMetadata } from '../../../copy/metadata.ts';
import type { OnFound, Selection, SelectRequest } from '../../../copy/selection.ts';
import type { SourceOrigin, Vertex } from '../../../plan/vertex.ts';
import type { OpContext } from '../../op-runner.ts';
import type { ChosenFiles, FileChooser } from './chosen-files.ts';
import { digestOfInput, digestOfOutside } from './known-digest.ts';
import { type OriginServices, openOrigin } from './origin.ts';
import { selectionQuestions } from './selection-questions.ts';

/**
 * Files chosen for one step. What they come to is remembered by what tells it before they are read (`known-digest.ts`).
 *
 * @param request what `chooser` chooses by
 */
export function chooseFiles(
  vertex: Vertex,
  origin: SourceOrigin,
  request: SelectRequest,
  chooser: FileChooser,
  services: OriginServices,
): ChosenFiles {
  const { steps, fileLists } = services;
  const { replaces = {} } = chooser;
  let selected: Promise<Selection> | undefined;
  let computed: SelectionDigest | undefined;

  const selection = (context: OpContext, onFound?: OnFound) => {
    selected ??= openOrigin(origin, vertex, context, services).then((tree) =>
      chooser.select(tree, context.signal, onFound),
    );
    return selected;
  };
  const compute = async (context: OpContext) => {
    const hasher = openFileHasher(context.signal);
    try {
      const chosen = await selection(context, hasher.found);
      computed = await selectionDigest(chosen, keptMetadata(replaces), hasher);
      return computed.digest;
    } finally {
      await hasher.end();
    }
  };
  const questions = selectionQuestions(request, replaces);
  const known =
    origin.kind === 'input'
      ? digestOfInput(vertex, origin.index, questions, steps, compute)
      : digestOfOutside(chooser, questions, steps, compute);
  return {
    ...known,
    selection: (context) => selection(context),
    async keepList() {
      if (computed === undefined) return;
      // Whoever writes the files gets its threads to work first.
      await setImmediate();
      await fileLists.save(computed.digest, computed.lines);
    },
  };
}
