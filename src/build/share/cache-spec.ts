/** What is read out of the words of `--cache-from` and `--cache-to`. */
import type { CacheSpec } from '../options.ts';

/** What messages call an import or export. */
export function cacheName({ type, attributes }: CacheSpec): string {
  return attributes.ref ?? attributes.src ?? attributes.dest ?? type;
}

/** Which cache mounts travel, by their ids: `mounts=all`, `mounts=ID` or, as one quoted field, `"mounts=ID,ID"`. */
export interface MountChoice {
  readonly isAll: boolean;
  /** None unless some are named. */
  readonly ids: readonly string[];
}

/** Which cache mounts travel: `mounts=ID,ID` or `mounts=all`; none unless asked for. */
export function mountChoice({ attributes }: CacheSpec): MountChoice {
  const ids = (attributes.mounts ?? '').split(',').filter((id) => id !== '');
  return ids.includes('all') ? { isAll: true, ids: [] } : { isAll: false, ids };
}

/** Whether a cache mount travels. */
export function isChosen(id: string, { isAll, ids }: MountChoice): boolean {
  return isAll || ids.includes(id);
}
