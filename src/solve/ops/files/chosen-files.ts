import type { Part } from '../../../cache/recipe.ts';
import type { OnFound, Selection } from '../../../copy/selection.ts';
import type { Digest } from '../../../core/digest.ts';
import type { FileTree } from '../../../core/file-tree.ts';
import type { OpContext } from '../../op-runner.ts';

/** How files are chosen. */
export interface FileChooser {
  /** @param onFound told of files as they are selected, those that are not fetched first */
  select(tree: FileTree, signal: AbortSignal, onFound?: OnFound): Promise<Selection>;
  /** Names what would be selected, where that is cheaper; undefined where it cannot be done. */
  identify?(signal: AbortSignal): Promise<readonly string[] | undefined>;
  /** `--chown` and `--chmod`: what they replace of the files is not looked at. */
  readonly replaces?: { readonly owner?: string | undefined; readonly mode?: string | undefined };
}

/** Chosen files, for one step: selected and digested at most once, and only as far as somebody asks. */
export interface ChosenFiles {
  /** Undefined while peeking when the stage they come from has not run. */
  digest(context: OpContext): Promise<Digest | undefined>;
  selection(context: OpContext): Promise<Selection>;
  /** What a recipe notes of files whose digest is known: where they are from, and by what it is found again. */
  notes(context: OpContext): Promise<Part[]>;
  /** Keeps the list of the files, so that a later miss can name the one that changed. */
  keepList(): Promise<void>;
}
