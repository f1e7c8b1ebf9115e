import type { CacheSpec } from '../options.ts';

/** What messages call an import or export. */
export function cacheName({ type, attributes }: CacheSpec): string {
  return attributes.ref ?? attributes.src ?? attributes.dest ?? type;
}
