/**
 * The build environment inside a stage (spec 2.5, 2.6). ENV and ARG write the same variables and the later
 * line wins; only ENV reaches the image.
 */
import type { Lookup } from '../../dockerfile/words/lex-state.ts';

export interface Scope {
  /** The image's `Env`, in order. */
  readonly env: Map<string, string>;
  /** What a variable is worth now, whoever set it. */
  readonly values: Map<string, string>;
  /** Declared ARGs in order of first declaration, those without a value too. */
  readonly args: Set<string>;
  /**
   * What is not known: `values` of some of the variables, what an `image` sets besides, or, where a line could not be
   * read, whether any other variable is set.
   */
  lacks: 'nothing' | 'values' | 'image' | 'lines';
}

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The scope of a stage on an image with this `Env`; `PATH` is added where it lacks one.
 */
export function scopeOfImage(env: readonly string[], lacks: Scope['lacks']): Scope {
  const variables = new Map<string, string>();
  for (const entry of env) {
    const equals = entry.indexOf('=');
    if (equals < 0) variables.set(entry, '');
    else variables.set(entry.slice(0, equals), entry.slice(equals + 1));
  }
  if (!variables.has('PATH')) variables.set('PATH', defaultPath);
  return { env: variables, values: new Map(variables), args: new Set(), lacks };
}

/** For `FROM stage`: everything of it as it stands at its end, ARGs included. */
export function copyScope(scope: Scope): Scope {
  const { env, values, args, lacks } = scope;
  return { env: new Map(env), values: new Map(values), args: new Set(args), lacks };
}

/**
 * What variables are worth. One that may be set without our knowing has a value that `holdsUnknown` recognises,
 * also as a part of others.
 */
export function lookupIn({ values, lacks }: Pick<Scope, 'values' | 'lacks'>): Lookup {
  if (lacks === 'nothing' || lacks === 'values') return (name) => values.get(name);
  const mayBeSet = (name: string) => lacks === 'lines' || isNameOfImages.test(name);
  return (name) => values.get(name) ?? (mayBeSet(name) ? unknown : undefined);
}

/** Images set variables in upper case; what is not, only the Dockerfile can have meant to declare. */
const isNameOfImages = /^[A-Z_][A-Z0-9_]*$/;

/** Stands for what is not known. A noncharacter of Unicode: text that is meant to be read has none. */
const unknown = '\ufdd0';

/** Whether a part of the text is not known. */
export function holdsUnknown({ lacks }: Pick<Scope, 'lacks'>, text: string): boolean {
  return lacks !== 'nothing' && text.includes(unknown);
}

/** The variable is set, to what is not known. */
export function loseValue(
  scope: Pick<Scope, 'lacks'> & { readonly values: Map<string, string> },
  name: string,
): void {
  scope.values.set(name, unknown);
  if (scope.lacks === 'nothing') scope.lacks = 'values';
}

/** Sets a variable that reaches the image. */
export function setEnv(scope: Scope, name: string, value: string): void {
  scope.env.set(name, value);
  scope.values.set(name, value);
}

/** An ARG without a value is unset, not empty, and keeps what an earlier line gave it. */
export function declareArg(scope: Scope, name: string, value: string | undefined): void {
  scope.args.add(name);
  if (value !== undefined) scope.values.set(name, value);
}

/** The environment of a RUN: the image's in order, then ARGs that have a value. */
export function runEnvironment(scope: Scope): (readonly [string, string])[] {
  const names = new Set([...scope.env.keys(), ...scope.args]);
  return [...names].flatMap((name) => {
    const value = scope.values.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });
}

/** `|N K=V …`, as RUN's history shows the ARGs in force; nothing without ARGs (spec 3.5, "History"). */
export function argBlock(scope: Scope): readonly string[] {
  if (scope.args.size === 0) return [];
  return [`|${scope.args.size}`, ...[...scope.args].map((name) => `${name}=${scope.values.get(name) ?? ''}`)];
}
