import type { ParseRule } from './parse-rule.ts';

export const consistentInstructionCasing: ParseRule = {
  name: 'ConsistentInstructionCasing',
  *find({ stages }) {
    const keywords = stages.flatMap(({ from, body }) => [from, ...body].map(({ keyword }) => keyword));
    const lower = keywords.filter(({ raw }) => raw === raw.toLowerCase()).length;
    const upper = keywords.filter(({ raw }) => raw === raw.toUpperCase()).length;
    const isLower = lower > upper;
    for (const { raw, span } of keywords) {
      const wanted = isLower ? raw.toLowerCase() : raw.toUpperCase();
      if (raw === wanted) continue;
      yield {
        message: `instruction "${raw}" should be ${isLower ? 'lower' : 'upper'} case like most of the file`,
        span,
        help: `write ${wanted}`,
      };
    }
  },
};
