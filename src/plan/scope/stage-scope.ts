/**
 * The build environment inside a stage (spec 2.5, 2.6). ENV and ARG write the same variables and the later
 * line wins; only ENV reaches the image.
 */
import type { Lookup } from '../../dockerfile/words/lexer.ts';

export interface Scope {
  /** The image's `Env`, in order. */
  readonly env: Map<string, string>;
  /** What a variable is worth now, whoever set it. */
  readonly values: Map<string, string>;
  /** Declared ARGs in order of first declaration, those without a value too. */
  readonly args: Set<string>;
  /** What the base image sets is not known. */
  readonly isBaseUnknown: boolean;
}

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The scope of a stage on an image with this `Env`; `PATH` is added where it lacks one.
 * @param isBaseUnknown the image may set more
 */
export function scopeOfImage(env: readonly string[], isBaseUnknown: boolean): Scope {
  const variables = new Map<string, string>();
  for (const entry of env) {
    const equals = entry.indexOf('=');
    if (equals < 0) variables.set(entry, '');
    else variables.set(entry.slice(0, equals), entry.slice(equals + 1));
  }
  if (!variables.has('PATH')) variables.set('PATH', defaultPath);
  return { env: variables, values: new Map(variables), args: new Set(), isBaseUnknown };
}

/** For `FROM stage`: everything of it as it stands at its end, ARGs included. */
export function copyScope(scope: Scope): Scope {
  const { env, values, args, isBaseUnknown } = scope;
  return { env: new Map(env), values: new Map(values), args: new Set(args), isBaseUnknown };
}

/**
 * What variables are worth. Where the base image is not known, a variable it may set has a value that
 * `holdsUnknown` recognises, also as a part of others.
 */
export function lookupIn({ values, isBaseUnknown }: Scope): Lookup {
  if (!isBaseUnknown) return (name) => values.get(name);
  return (name) => values.get(name) ?? (isNameOfImages.test(name) ? unknown : undefined);
}

/** Images set variables in upper case; what is not, only the Dockerfile can have meant to declare. */
const isNameOfImages = /^[A-Z_][A-Z0-9_]*$/;

/** A noncharacter of Unicode: text that is meant to be read has none. */
const unknown = '\ufdd0';

/** Whether a part of the text is what an unknown base image sets. */
export function holdsUnknown(scope: Scope, text: string): boolean {
  return scope.isBaseUnknown && text.includes(unknown);
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
