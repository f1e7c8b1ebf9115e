/**
 * The build environment inside a stage (spec 2.5, 2.6). ENV and ARG write the same variables and the later
 * line wins; only ENV reaches the image.
 */
import type { Lookup } from '../../dockerfile/lexer.ts';

export interface Scope {
  /** The image's `Env`, in order. */
  readonly env: Map<string, string>;
  /** What a variable is worth now, whoever set it. */
  readonly values: Map<string, string>;
  /** Declared ARGs in order of first declaration, those without a value too. */
  readonly args: Set<string>;
}

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The scope of a stage on an image with this `Env`; `PATH` is added where it lacks one. */
export function scopeOfImage(env: readonly string[]): Scope {
  const variables = new Map<string, string>();
  for (const entry of env) {
    const equals = entry.indexOf('=');
    if (equals < 0) variables.set(entry, '');
    else variables.set(entry.slice(0, equals), entry.slice(equals + 1));
  }
  if (!variables.has('PATH')) variables.set('PATH', defaultPath);
  return { env: variables, values: new Map(variables), args: new Set() };
}

/** For `FROM stage`: everything of it as it stands at its end, ARGs included. */
export function copyScope(scope: Scope): Scope {
  return { env: new Map(scope.env), values: new Map(scope.values), args: new Set(scope.args) };
}

export function lookupIn(scope: Scope): Lookup {
  return (name) => scope.values.get(name);
}

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
