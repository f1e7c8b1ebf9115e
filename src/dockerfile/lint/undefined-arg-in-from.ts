import { suggest } from '../../core/suggest.ts';
import { expandWord } from '../words/expand.ts';
import { variablePlace } from '../words/variable-place.ts';
import { globalArgsOf } from './global-args.ts';
import type { ParseRule } from './parse-rule.ts';

export const undefinedArgInFrom: ParseRule = {
  name: 'UndefinedArgInFrom',
  *find(dockerfile) {
    const { declared, lookup } = globalArgsOf(dockerfile);
    const { stages, directives, mayLackArgs } = dockerfile;
    if (mayLackArgs) return;
    for (const { from } of stages) {
      for (const word of [from.image, ...(from.platform === undefined ? [] : [from.platform])]) {
        const expanded = expandWord(word.raw, lookup, directives.escape);
        const names = expanded.ok ? expanded.unset : [];
        for (const name of names.filter((candidate) => !declared.has(candidate))) {
          const nearest = suggest(name, declared);
          yield {
            message: `variable "${name}" in FROM is not declared by an ARG above the first FROM`,
            span: variablePlace(dockerfile, word, name),
            help:
              nearest === undefined ? `write ARG ${name}=… above the first FROM` : `did you mean ${nearest}?`,
            comments: from.comments,
          };
        }
      }
    }
  },
};
