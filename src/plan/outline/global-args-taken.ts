import type { Word } from '../../dockerfile/instruction.ts';
import { expandWord } from '../../dockerfile/words/expand.ts';
import type { Reading } from '../reading/reading.ts';

/**
 * The names of variables that the reached FROM lines and stages read from the global scope, and of those the
 * defaults of these read in turn.
 */
export function globalArgsTaken({ request, graph, reach, globals, taken }: Reading): ReadonlySet<string> {
  const { globalArgs, directives } = request.dockerfile;
  const namesIn = (word: Word): string[] => {
    const names = new Set<string>();
    const recorded = (name: string) => {
      names.add(name);
      return globals.values.get(name);
    };
    expandWord(word.raw, recorded, directives.escape);
    return [...names];
  };
  const defaults = new Map(
    globalArgs.flatMap(({ args }) => args.map(({ name, value }) => [name.raw, value] as const)),
  );
  const froms = graph.nodes
    .filter(({ index }) => reach.stages.has(index))
    .map(({ stage }) => stage.from)
    .flatMap(({ image, platform }) => (platform === undefined ? [image] : [image, platform]));
  const open = [
    ...froms.flatMap(namesIn),
    ...taken.args.filter(({ hasDefault }) => !hasDefault).map(({ name }) => name),
  ];
  const names = new Set<string>();
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (names.has(name)) continue;
    names.add(name);
    const value = defaults.get(name);
    // A build argument takes the place of the default and of all it would have read.
    if (value !== undefined && !request.buildArgs.has(name)) open.push(...namesIn(value));
  }
  return names;
}
