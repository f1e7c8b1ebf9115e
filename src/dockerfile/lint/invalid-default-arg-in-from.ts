import { readReference } from '../../core/image-reference.ts';
import { expandWord } from '../words/expand.ts';
import { globalArgsOf } from './global-args.ts';
import type { ParseRule } from './parse-rule.ts';

export const invalidDefaultArgInFrom: ParseRule = {
  name: 'InvalidDefaultArgInFrom',
  *find(dockerfile) {
    const { lookup, isBroken } = globalArgsOf(dockerfile);
    if (isBroken) return;
    for (const { from } of dockerfile.stages) {
      const expanded = expandWord(from.image.raw, lookup, dockerfile.directives.escape);
      if (!expanded.ok) return;
      if (from.image.raw === '') continue;
      if (readReference(expanded.value).reference !== undefined) continue;
      const { raw } = from.image;
      const isConstant = expanded.value === raw;
      const shown = expanded.value === '' ? 'nothing' : `"${expanded.value}"`;
      yield {
        message: isConstant
          ? `"${raw}" names no image`
          : `with the defaults of its ARGs, ${raw} is ${shown}, which names no image`,
        span: from.image.span,
        help: isConstant ? lowerCaseHelp(raw) : 'give the ARG a default',
      };
    }
  },
};

function lowerCaseHelp(image: string): string | undefined {
  return /[A-Z]/.test(image) ? 'the name of an image is lower case' : undefined;
}
