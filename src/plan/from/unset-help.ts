import { suggest } from '../../core/suggest.ts';
import type { Dockerfile } from '../../dockerfile/instruction.ts';
import { didYouMean } from '../findings.ts';

/** What to do about variables in FROM that have no value; undefined where there are none. */
export function unsetHelp(unset: readonly string[], { globalArgs, stages }: Dockerfile): string | undefined {
  const [name] = unset;
  if (name === undefined) return undefined;
  const declared = globalArgs.flatMap(({ args }) => args.map((arg) => arg.name.raw));
  if (declared.includes(name)) return `give ARG ${name} a default, or the build argument a value`;
  const isBelow = stages.some(({ body }) =>
    body.some((each) => each.kind === 'arg' && each.args.some((arg) => arg.name.raw === name)),
  );
  if (isBelow) return `ARG ${name} stands in a stage: what FROM uses is declared above the first FROM`;
  return didYouMean(suggest(name, declared)) ?? `write ARG ${name}=… above the first FROM`;
}
