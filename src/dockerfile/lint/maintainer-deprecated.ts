import type { ParseRule } from './parse-rule.ts';

export const maintainerDeprecated: ParseRule = {
  name: 'MaintainerDeprecated',
  *find({ stages }) {
    for (const instruction of stages.flatMap(({ body }) => body)) {
      if (instruction.kind !== 'maintainer') continue;
      yield {
        message: 'MAINTAINER is deprecated in favour of a label',
        span: instruction.keyword.span,
        help: `write LABEL org.opencontainers.image.authors=${JSON.stringify(instruction.value.raw)}`,
        comments: instruction.comments,
      };
    }
  },
};
