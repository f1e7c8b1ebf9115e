import type { Xattr } from '../core/file-tree.ts';
import { overlayAttribute } from '../sys/user-namespace/overlay-attribute.ts';

/**
 * Whether a directory of an upper hides what lies below it. The value matters, not the name alone; and the
 * name is the one that no process in a container can set.
 */
export function isOpaque(xattrs: readonly Xattr[]): boolean {
  const opaque = overlayAttribute('opaque');
  return xattrs.some(({ name, value }) => name === opaque && Buffer.from(value).toString('latin1') === 'y');
}
