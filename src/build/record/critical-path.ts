/** As much of a step as its place in time takes. */
export interface TimedStep {
  readonly startedAt: number | null;
  readonly durationMs: number;
  /** Indices of steps. */
  readonly dependsOn: readonly number[];
}

/**
 * The steps that made the build as long as it was: the one that ended last, of those it waited for the one that ended
 * last, and so on down. Steps that did not run kept nobody waiting.
 * @returns indices, in the order in which the steps ran
 */
export function criticalPath(steps: readonly TimedStep[]): number[] {
  const path: number[] = [];
  const all = steps.map((_, index) => index);
  for (let at = lastOf(all, steps); at !== undefined; at = lastOf(steps[at]?.dependsOn ?? [], steps)) {
    // Whatever a record says, no step waits for itself.
    if (path.includes(at)) break;
    path.unshift(at);
  }
  return path;
}

function lastOf(indices: readonly number[], steps: readonly TimedStep[]): number | undefined {
  let last: number | undefined;
  let lastEnd = Number.NEGATIVE_INFINITY;
  for (const index of indices) {
    const { startedAt = null, durationMs = 0 } = steps[index] ?? {};
    if (startedAt === null || startedAt + durationMs <= lastEnd) continue;
    last = index;
    lastEnd = startedAt + durationMs;
  }
  return last;
}
