import type { ParseRule } from './parse-rule.ts';

export const stageNameCasing: ParseRule = {
  name: 'StageNameCasing',
  *find({ stages }) {
    for (const { from } of stages) {
      const name = from.as?.name;
      if (name === undefined || name.raw === name.raw.toLowerCase()) continue;
      yield {
        message: `stage name "${name.raw}" should be lower case`,
        span: name.span,
        help: `write ${name.raw.toLowerCase()}`,
        comments: from.comments,
      };
    }
  },
};
