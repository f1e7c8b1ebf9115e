import type { ParseRule } from './parse-rule.ts';

export const reservedStageName: ParseRule = {
  name: 'ReservedStageName',
  *find({ stages }) {
    for (const { name, from } of stages) {
      if (name !== 'scratch' && name !== 'context') continue;
      yield { message: `the stage name "${name}" is reserved`, span: from.as?.name.span ?? from.span };
    }
  },
};
