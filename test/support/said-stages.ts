/** Many small builds as one: each is a stage, and what it finds out it says in a file. */

/** What a stage shows, its lines under FROM, and what its `/said` holds in the end. */
export type SaidStage = readonly [title: string, lines: readonly string[], said: string];

/**
 * The lines of a Dockerfile with these stages, each on the busybox base, whose result has the `/said` of each as
 * the file of its number.
 */
export function saidStages(stages: readonly SaidStage[]): string[] {
  const texts = stages.flatMap(([, lines], n) => [`FROM strata-base/busybox AS s${n}`, ...lines]);
  return [...texts, 'FROM scratch', ...stages.map((_, n) => `COPY --from=s${n} /said /${n}`)];
}

/** The stages as rows of a test: a title, the file of the result, what it has to hold. */
export function saidRows(
  stages: readonly SaidStage[],
): (readonly [title: string, file: string, said: string])[] {
  return stages.map(([title, , said], n) => [title, `${n}`, said]);
}
