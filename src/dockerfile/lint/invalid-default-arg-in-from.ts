import { expandWord } from '../expand.ts';
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
      if (isImageReference(expanded.value)) continue;
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

const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const hostLabel = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const host = `(?:${hostLabel}(?:\\.${hostLabel})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const tagAndDigest =
  '(?::\\w[\\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?';
const referencePattern = new RegExp(`^(?:${host}/)?${component}(?:/${component})*${tagAndDigest}$`);

/** The grammar of distribution references, in the form people type; 64 hex digits alone are an id, not a name. */
function isImageReference(text: string): boolean {
  return referencePattern.test(text) && !/^[a-f0-9]{64}$/.test(text);
}
