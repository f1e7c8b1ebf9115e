import { UsageError } from '../../core/errors.ts';
import { suggest } from '../../core/suggest.ts';

/** One `key=value` of a flag's value; the value is undefined for a bare word. */
type Field = readonly [key: string, value: string | undefined];

/**
 * Splits `a=1,"b=x,y",c` as Docker's flags are: comma-separated, a field that holds a comma or a quote in
 * double quotes, a quote doubled inside.
 *
 * @param flag as the person wrote it, for the message
 * @throws UsageError `bad-flag-value`
 */
export function splitFields(flag: string, text: string): string[] {
  const fields: string[] = [];
  const pattern = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  for (;;) {
    const match = pattern.exec(text);
    if (match === null) {
      throw new UsageError(
        'bad-flag-value',
        `${flag} ${text}: a quoted field must start and end at a comma`,
        {
          hint: 'quote whole fields: "key=a,b"',
        },
      );
    }
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === '') return fields;
  }
}

/** The fields of a flag's value as pairs; keys are in lower case and free of blanks. */
function splitPairs(flag: string, text: string): Field[] {
  return splitFields(flag, text).map((field) => {
    const equals = field.indexOf('=');
    if (equals < 0) return [field.trim().toLowerCase(), undefined];
    return [field.slice(0, equals).trim().toLowerCase(), field.slice(equals + 1)];
  });
}

/**
 * Reads a value whose keys are all known.
 * @throws UsageError `unknown-key`, `missing-value`, `repeated-key`
 */
export function readKeys<K extends string>(
  flag: string,
  text: string,
  known: readonly K[],
): Partial<Record<K, string>> {
  const found: Partial<Record<K, string>> = {};
  for (const [key, value] of splitPairs(flag, text)) {
    const name = known.find((candidate) => candidate === key);
    if (name === undefined) throw unknownKey(flag, text, key, known);
    if (value === undefined || value === '') {
      throw new UsageError('missing-value', `${flag} ${text}: ${key} needs a value`, {
        hint: `write ${key}=…`,
      });
    }
    if (found[name] !== undefined) throw repeatedKey(flag, text, key);
    found[name] = value;
  }
  return found;
}

/** UsageError `unknown-key` for a key of `--flag key=value,…`, with the nearest of those there are. */
export function unknownKey(flag: string, text: string, key: string, known: readonly string[]): UsageError {
  const near = suggest(key, known);
  return new UsageError('unknown-key', `${flag} ${text}: unknown key "${key}"`, {
    hint: near === undefined ? `the keys are ${known.join(', ')}` : `did you mean ${near}?`,
  });
}

/** UsageError `repeated-key`: which of two values is meant nobody can know. */
export function repeatedKey(flag: string, text: string, key: string): UsageError {
  return new UsageError('repeated-key', `${flag} ${text}: ${key} is given twice`);
}
