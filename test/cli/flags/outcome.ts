/** What is wanted of a flag: a value, or an error as `outcome` says it. */
export type Want = unknown;

/** What a reading comes to: its value, or `code: message | hint` of the error. */
export function outcome(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || !('hint' in error)) throw error;
    return `${error.code}: ${error.message}${error.hint === undefined ? '' : ` | ${error.hint}`}`;
  }
}
