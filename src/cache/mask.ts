/**
 * Values that nobody should read in a record, a registry or a log. A record keeps enough of them to see
 * that one changed, and no more; the key itself was made of the whole value.
 */
import { createHash } from 'node:crypto';
import type { Part, Recipe } from './recipe.ts';

const looksSecret =
  /pass(?:wd|word|phrase)|secret|token|credential|(?:^|_)(?:pass|auth|pwd)(?:_|$)|(?:api|access|private|signing|encryption|deploy|ssh)_?key/i;
const mark = 'not shown, ';

/** Whether the name of a variable says that its value is not for everybody's eyes. */
function isSecretName(name: string): boolean {
  return looksSecret.test(name);
}

/** Whether a value of a masked recipe was masked. */
export function isMasked(value: string): boolean {
  return value.startsWith(mark);
}

/** Whether some value of the recipe is not there, so that its key cannot be made of it. */
export function hasMasked({ parts }: Recipe): boolean {
  return parts.some(([name, text]) => isVariable(name) && isMasked(text.slice(text.indexOf('=') + 1)));
}

/** The recipe as it is kept: values of variables that look secret are masked. */
export function maskRecipe(recipe: Recipe): Recipe {
  return { ...recipe, parts: recipe.parts.map(maskPart) };
}

function maskPart(part: Part): Part {
  const [name, text] = part;
  if (!isVariable(name)) return part;
  const at = text.indexOf('=');
  if (!isSecretName(text.slice(0, at))) return part;
  const short = createHash('sha256').update(text).digest('hex').slice(0, 8);
  return [name, `${text.slice(0, at)}=${mark}${short}`];
}

function isVariable(name: string): boolean {
  return name === 'env' || name === 'build-arg';
}
