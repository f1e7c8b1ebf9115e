import { keyOf, type Part } from '../../../cache/recipe.ts';
import type { SelectRequest } from '../../../copy/selection.ts';
import type { KeyDigest } from '../../../core/digest.ts';
import type { Stack } from '../../../snapshot/snapshotter.ts';
import type { FileChooser } from './chosen-files.ts';

/** What the digest of chosen files can be remembered by. */
export interface SelectionQuestions {
  /** The snapshots they are taken from, which never change. */
  ofStack(stack: Stack): KeyDigest;
  /** What made the snapshots. */
  ofDefinition(definition: string): KeyDigest;
  /** What names the files where they come from. */
  ofIdentity(words: readonly string[]): KeyDigest;
}

/**
 * The questions about files that one request chooses.
 * @param replaces what of them does not count
 */
export function selectionQuestions(
  request: SelectRequest,
  replaces: NonNullable<FileChooser['replaces']>,
): SelectionQuestions {
  const about = (parts: readonly Part[]) =>
    keyOf({ kind: 'selection', parts: [...parts, ['request', JSON.stringify({ ...request, ...replaces })]] });
  return {
    ofStack: (stack) => about(stack.map((id) => ['snapshot', id])),
    ofDefinition: (definition) => about([['definition', definition]]),
    ofIdentity: (words) => about(words.map((word) => ['identity', word])),
  };
}
