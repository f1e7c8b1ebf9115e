import { suggest } from '../../core/suggest.ts';
import type { Dockerfile } from '../../dockerfile/instruction.ts';
import { didYouMean } from '../findings.ts';
import { declaresArg } from '../scope/declares-arg.ts';

/** What to do about variables in FROM that have no value; undefined where there are none. */
export function unsetHelp(unset: readonly string[], dockerfile: Dockerfile): string | undefined {
  const [name] = unset;
  if (name === undefined) return undefined;
  const declared = dockerfile.globalArgs.flatMap(({ args }) => args.map((arg) => arg.name.raw));
  if (declared.includes(name)) return `give ARG ${name} a default, or the build argument a value`;
  if (declaresArg(dockerfile, name))
    return `ARG ${name} stands in a stage: what FROM uses is declared above the first FROM`;
  return didYouMean(suggest(name, declared)) ?? `write ARG ${name}=… above the first FROM`;
}
