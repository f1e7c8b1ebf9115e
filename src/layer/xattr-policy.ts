import type { Xattr } from '../core/file-tree.ts';

/** Overlay's own notes, also those of an overlay inside a container, which it escapes by saying them twice. */
const overlayPrefixes = ['trusted.overlay.', 'user.overlay.'];

/** What the machine says about a file, not the image: its policy's label, its signature, its server's rules. */
const hostNames = ['security.selinux', 'security.evm', 'system.nfs4_acl', 'security.nfs4_acl'];

/**
 * Whether an extended attribute belongs to an image. The same holds in both directions: what would not
 * be stored is not believed either, or a layer could pose as the work of overlay.
 */
export function isImageXattr(name: string): boolean {
  return !overlayPrefixes.some((prefix) => name.startsWith(prefix)) && !hostNames.includes(name);
}

/**
 * Whether a directory of an upper hides what lies below it. The value matters, not the name alone; and a
 * process in a container can set attributes of the user, but not trusted ones.
 */
export function isOpaque(xattrs: readonly Xattr[]): boolean {
  return xattrs.some(
    ({ name, value }) => name === 'trusted.overlay.opaque' && Buffer.from(value).toString('latin1') === 'y',
  );
}
