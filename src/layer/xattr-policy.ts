import type { Xattr } from '../core/file-tree.ts';
import { deviceAttribute } from '../snapshot/device-file.ts';
import { isOverlayXattr } from '../snapshot/overlay-xattr.ts';
import { overlayAttribute } from '../sys/user-namespace/overlay-attribute.ts';

/** What the machine says about a file, not the image: its policy's label, signature, server's rules; our own note. */
const hostNames = [
  'security.selinux',
  'security.evm',
  'system.nfs4_acl',
  'security.nfs4_acl',
  deviceAttribute,
];

/**
 * Whether an extended attribute belongs to an image. The same holds in both directions: what would not
 * be stored is not believed either, or a layer could pose as the work of overlay.
 */
export function isImageXattr(name: string): boolean {
  return !isOverlayXattr(name) && !hostNames.includes(name);
}

/**
 * Whether a directory of an upper hides what lies below it. The value matters, not the name alone; and the
 * name is the one that no process in a container can set.
 */
export function isOpaque(xattrs: readonly Xattr[]): boolean {
  const opaque = overlayAttribute('opaque');
  return xattrs.some(({ name, value }) => name === opaque && Buffer.from(value).toString('latin1') === 'y');
}
