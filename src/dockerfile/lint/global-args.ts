/** What FROM lines can see (spec 2.6, 2.7), with the defaults of the file and no build arguments. */
import type { Dockerfile } from '../instruction.ts';
import { expandWord } from '../words/expand.ts';
import type { Lookup } from '../words/lex-state.ts';

/** Only whether a value is there matters to the rules, so one platform stands for all. */
const automatic: readonly (readonly [name: string, value: string])[] = ['TARGET', 'BUILD'].flatMap(
  (side): [string, string][] => [
    [`${side}PLATFORM`, 'linux/amd64'],
    [`${side}OS`, 'linux'],
    [`${side}OSVERSION`, ''],
    [`${side}ARCH`, 'amd64'],
    [`${side}VARIANT`, ''],
  ],
);

export interface GlobalArgs {
  /** Every name that may be used, with a value or not. */
  readonly declared: ReadonlySet<string>;
  readonly lookup: Lookup;
  /** A line could not be read or its default not be expanded: what follows from it is not known. */
  readonly isBroken: boolean;
}

/** The global ARGs of a file, later ones seeing the earlier. */
export function globalArgsOf({ globalArgs, directives, stages, mayLackArgs }: Dockerfile): GlobalArgs {
  const values = new Map([...automatic, ['TARGETSTAGE', stages.at(-1)?.name ?? 'default']]);
  const declared = new Set(values.keys());
  let isBroken = mayLackArgs;
  const lookup = (name: string) => values.get(name);
  for (const { name, value } of globalArgs.flatMap(({ args }) => args)) {
    declared.add(name.raw);
    if (value === undefined) continue;
    const expanded = expandWord(value.raw, lookup, directives.escape);
    if (expanded.ok) values.set(name.raw, expanded.value);
    else isBroken = true;
  }
  return { declared, lookup, isBroken };
}
