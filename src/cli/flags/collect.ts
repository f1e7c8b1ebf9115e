/** For a flag that may be repeated: every value, in order. */
export function each(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** The same for a flag whose values are comma-separated lists. */
export function eachOfList(value: string, before: readonly string[] | true): readonly string[] {
  // Commander starts a flag called `--no-…` with true.
  return [...(before === true ? [] : before), ...value.split(',').map((item) => item.trim())];
}

/** A flag that a script filled with nothing (`--target "$STAGE"`) is as if it were not there. */
export function unlessEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
