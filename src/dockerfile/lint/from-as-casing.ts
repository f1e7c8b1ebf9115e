import type { ParseRule } from './parse-rule.ts';

export const fromAsCasing: ParseRule = {
  name: 'FromAsCasing',
  *find({ stages }) {
    for (const { from } of stages) {
      const as = from.as?.keyword;
      const wanted = sameCase(from.keyword.raw, 'as');
      if (as === undefined || wanted === undefined || as.raw === wanted) continue;
      yield {
        message: `"${as.raw}" and "${from.keyword.raw}" are written in different case`,
        span: as.span,
        help: `write ${wanted}`,
        comments: from.comments,
      };
    }
  },
};

/** `word` in the case of `model`; undefined when that is mixed. */
function sameCase(model: string, word: string): string | undefined {
  if (model === model.toLowerCase()) return word.toLowerCase();
  return model === model.toUpperCase() ? word.toUpperCase() : undefined;
}
