import type { Site } from './site.ts';

/** Builds with `--explain` and gives what it says of each step that was no hit, by the step's text. */
export async function misses(
  site: Site,
  args: readonly string[],
  env = {},
): Promise<Record<string, string[]>> {
  const { stderr } = await site.strata(['build', '--progress', 'quiet', '--explain', ...args], { env });
  const found: Record<string, string[]> = {};
  let step: string[] | undefined;
  for (const line of stderr.trimEnd().split('\n')) {
    const [, verdict, text] = /^(hit |miss|- {3}) {2}(?:\[[^\]]*\] )?(.*)$/.exec(line) ?? [];
    if (verdict === undefined) step?.push(line.trim());
    else {
      step = [];
      if (verdict === 'miss') found[text ?? ''] = step;
    }
  }
  return found;
}
