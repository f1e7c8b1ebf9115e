import { UsageError } from '../../core/errors.ts';
import { suggest } from '../../core/suggest.ts';

/** The one of `words` that a flag's value is. @throws UsageError `bad-flag-value` */
export function oneOf<T extends string>(flag: string, text: string, words: readonly T[]): T {
  const word = words.find((candidate) => candidate === text);
  if (word !== undefined) return word;
  const near = suggest(text, words);
  throw new UsageError('bad-flag-value', `${flag} ${text}: unknown value`, {
    hint: near === undefined ? `want ${words.join(', ')}` : `did you mean ${near}?`,
  });
}
