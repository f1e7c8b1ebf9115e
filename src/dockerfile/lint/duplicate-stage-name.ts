import type { ParseRule } from './parse-rule.ts';

export const duplicateStageName: ParseRule = {
  name: 'DuplicateStageName',
  *find({ stages }) {
    const seen = new Set<string>();
    for (const { name, from } of stages) {
      if (name === undefined) continue;
      if (seen.has(name))
        yield { message: `another stage is called "${name}" too`, span: from.as?.name.span ?? from.span };
      seen.add(name);
    }
  },
};
