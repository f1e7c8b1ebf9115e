/** Which build checks run (spec 6.1): `skip=A,B;experimental=C;error=true`, in a directive, a build argument or a comment. */
import { parseGoBoolean } from '../parse/values.ts';

export type RuleSelection = 'all' | ReadonlySet<string>;

export interface CheckOptions {
  /** Does not reach experimental rules. */
  readonly skip: RuleSelection;
  readonly experimental: RuleSelection;
  /** Reports fail the build. */
  readonly isError: boolean;
}

export type ParsedCheckOptions =
  | { readonly ok: true; readonly options: CheckOptions }
  | { readonly ok: false; readonly message: string };

/** All rules but the experimental ones, as warnings. */
export const defaultCheckOptions: CheckOptions = { skip: new Set(), experimental: new Set(), isError: false };

/** Reads `skip=NAMES;error=true;experimental=NAMES` (spec 1.4, `check`). */
export function parseCheckOptions(text: string): ParsedCheckOptions {
  const trimmed = text.trim();
  let options = defaultCheckOptions;
  if (trimmed === '') return { ok: true, options };
  for (const part of splitParts(trimmed)) {
    const equals = part.indexOf('=');
    const name = equals < 0 ? '' : part.slice(0, equals).trim();
    const value = part.slice(equals + 1).trim();
    if (name === 'skip') options = { ...options, skip: parseSelection(value) };
    else if (name === 'experimental') options = { ...options, experimental: parseSelection(value) };
    else if (name === 'error') {
      const isError = parseGoBoolean(value);
      if (isError === undefined)
        return { ok: false, message: `invalid check option "${part}": want error=true or error=false` };
      options = { ...options, isError };
    } else return { ok: false, message: `invalid check option "${equals < 0 ? part : name}"` };
  }
  return { ok: true, options };
}

/** At most three parts: whatever follows the second semicolon is one. */
function splitParts(text: string): string[] {
  const [first = '', second, ...rest] = text.split(';');
  return [first, ...(second === undefined ? [] : [second]), ...(rest.length === 0 ? [] : [rest.join(';')])];
}

function parseSelection(value: string): RuleSelection {
  return value === 'all' ? 'all' : new Set(value.split(',').map((name) => name.trim()));
}

/** The options for one instruction: those of the file, and the first `check=` comment above it; its `error=` means nothing. */
export function withComments(options: CheckOptions, comments: readonly string[]): CheckOptions {
  for (const comment of comments) {
    const [, value] = /^check\s*=\s*(\S.*)$/i.exec(comment) ?? [];
    if (value === undefined) continue;
    const parsed = parseCheckOptions(value.split(' ', 1)[0] ?? '');
    if (!parsed.ok) return options;
    return {
      skip: merge(options.skip, parsed.options.skip),
      experimental: merge(options.experimental, parsed.options.experimental),
      isError: options.isError,
    };
  }
  return options;
}

function merge(a: RuleSelection, b: RuleSelection): RuleSelection {
  return a === 'all' || b === 'all' ? 'all' : new Set([...a, ...b]);
}

/** Whether a rule is among those that were chosen. */
export function selects(selection: RuleSelection, name: string): boolean {
  return selection === 'all' || selection.has(name);
}
