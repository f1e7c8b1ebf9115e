import type { ParseRule } from './parse-rule.ts';

export const noEmptyContinuation: ParseRule = {
  name: 'NoEmptyContinuation',
  *find({ globalArgs, stages }) {
    const instructions = [...globalArgs, ...stages.flatMap(({ from, body }) => [from, ...body])];
    for (const { emptyContinuation } of instructions) {
      if (emptyContinuation === undefined) continue;
      yield {
        message: 'empty continuation line: this will become an error some day',
        span: emptyContinuation,
        help: 'remove the blank lines inside the instruction',
      };
    }
  },
};
