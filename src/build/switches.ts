import { parseGoBoolean } from '../dockerfile/parse/values.ts';
import type { BuildOptions } from './options.ts';

/** Whether a build argument that steers the builder, such as BUILDKIT_INLINE_CACHE, is given and true (spec 2.8). */
export function isSwitchedOn(buildArgs: BuildOptions['buildArgs'], name: string): boolean {
  const value = new Map(buildArgs).get(name);
  return value !== undefined && parseGoBoolean(value) === true;
}
