/** The help line that names what may have been meant, else another one if there is any. */
export function didYouMean(nearest: string | undefined, otherwise?: string): { help?: string } {
  if (nearest !== undefined) return { help: `did you mean ${nearest}?` };
  return otherwise === undefined ? {} : { help: otherwise };
}

/** The help line of a word that begins a comment where none can stand. */
export const commentHelp = 'a comment needs a line of its own';
