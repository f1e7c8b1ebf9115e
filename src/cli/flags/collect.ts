/** For a flag that may be repeated: every value, in order. */
export function each(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

/** The same for a flag whose values are comma-separated lists. */
export function eachOfList(value: string, before: readonly string[] | true): readonly string[] {
  // Commander starts a flag called `--no-…` with true.
  return [...(before === true ? [] : before), ...value.split(',').map((item) => item.trim())];
}
