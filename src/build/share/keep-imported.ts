import { maskRecipe } from '../../cache/mask.ts';
import { answersOf } from '../../cache/share/recipe-mentions.ts';
import { RemoteError } from '../../core/errors.ts';
import type { BuildSession } from '../session.ts';

/**
 * Keeps the records of imports whose layers came along, so that the next build finds them here. Those of
 * layers that nobody needed would only say what the store has not.
 */
export async function keepImported({ accounts, store, bases, imports }: BuildSession): Promise<void> {
  for (const each of accounts) {
    for (const { key } of each.accounts.values()) {
      if (key === undefined || store.steps.look(key.digest) !== undefined) continue;
      const found = imports.find(key.digest)[0];
      if (found === undefined) continue;
      const { record, from } = found;
      const isHere = record.stack.every(
        ({ snapshot }) => bases.provides(snapshot) || store.layers.isAvailable(snapshot),
      );
      if (!isHere) continue;
      // Its recipe is ours: whoever wrote the import says what a step left, not what it was.
      for (const [question, answer] of answersOf(key.recipe)) await store.steps.remember(question, answer);
      await store.steps.save({ ...record, recipe: maskRecipe(key.recipe), from: from.name });
    }
  }
}

/** Brings what tells why steps ran that are recorded otherwise in an import. */
export async function fetchExplanations({ accounts, store, imports, io }: BuildSession): Promise<void> {
  const hasMiss = accounts.some((each) =>
    [...each.accounts.values()].some(({ outcome }) => outcome === 'run'),
  );
  if (hasMiss) await imports.fetchLists(store.fileLists, io.signal);
}

/** Whether a build failed because an import went away while it was used: without it, it can begin anew. */
export function isImportLost(error: unknown): boolean {
  return error instanceof RemoteError && error.code === 'cache-import-lost';
}
