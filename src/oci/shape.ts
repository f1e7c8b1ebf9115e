/**
 * Shapes of JSON values: a shape takes an unknown value and gives it typed, or throws `ShapeError` saying
 * which member is wrong. Members a shape does not name are dropped: other tools may add what they like.
 * `null` counts as absent, because Go's encoders write it for empty lists and maps.
 */
import { type Digest, isDigest } from '../core/digest.ts';
import { IntegrityError } from '../core/errors.ts';
import { decodeJSON } from './json.ts';

export type Shape<T> = (value: unknown, path: string) => T;

class ShapeError extends Error {}

/** Reports that the value at `path` is not what it should be. */
export function misfit(path: string, want: string, got: unknown): never {
  throw new ShapeError(`${path === '' ? 'the document' : path}: want ${want}, got ${printValue(got)}`);
}

/**
 * Reads a JSON document of a given shape.
 * @throws IntegrityError with `code`, naming the member
 */
export function decodeShape<T>(shape: Shape<T>, bytes: Uint8Array, code: string, what: string): T {
  const value = decodeJSON(bytes, code, what);
  try {
    return shape(value, '');
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new IntegrityError(code, `${what}: ${error.message}`);
  }
}

/** A string, which may be empty. */
export const text: Shape<string> = (value, path) =>
  typeof value === 'string' ? value : misfit(path, 'a string', value);

/** A boolean. */
export const flag: Shape<boolean> = (value, path) =>
  typeof value === 'boolean' ? value : misfit(path, 'true or false', value);

/** A number without a fraction that JavaScript holds exactly. */
export const integer: Shape<number> = (value, path) =>
  Number.isSafeInteger(value) ? (value as number) : misfit(path, 'an integer', value);

/** A number of bytes. */
export const size: Shape<number> = (value, path) =>
  Number.isSafeInteger(value) && (value as number) >= 0
    ? (value as number)
    : misfit(path, 'a number of bytes', value);

/** `sha256:` and 64 digits: images of other algorithms are not read. */
export const digest: Shape<Digest> = (value, path) =>
  typeof value === 'string' && isDigest(value) ? value : misfit(path, 'a sha256 digest', value);

/** A member that may be absent. */
export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value, path) => (value === undefined || value === null ? undefined : shape(value, path));
}

/** A list; absent ones are an error, see `optional`. */
export function list<T>(item: Shape<T>): Shape<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) return misfit(path, 'a list', value);
    return value.map((element, index) => item(element, `${path}[${index}]`));
  };
}

/** An object with members of any name. */
export function map<T>(item: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return (value, path) => {
    const members = Object.entries(asObject(value, path));
    return Object.fromEntries(
      members.map(([name, member]) => [name, item(member, `${path}[${JSON.stringify(name)}]`)]),
    );
  };
}

/** An object with the given members; those that come out undefined are left out. */
export function object<T extends object>(members: { readonly [K in keyof T]-?: Shape<T[K]> }): Shape<T> {
  return (value, path) => {
    const given = asObject(value, path);
    const out: Partial<T> = {};
    for (const name of Object.keys(members) as (keyof T & string)[]) {
      const member = members[name](given[name], path === '' ? name : `${path}.${name}`);
      if (member !== undefined) out[name] = member;
    }
    return out as T;
  };
}

/** @throws ShapeError for a list, too */
export function asObject(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) misfit(path, 'an object', value);
  return value as Readonly<Record<string, unknown>>;
}

function printValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  const json = JSON.stringify(value);
  return json.length > 80 ? `${json.slice(0, 77)}...` : json;
}
