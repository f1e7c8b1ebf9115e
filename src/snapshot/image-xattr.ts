import { deviceAttribute } from './device-file.ts';
import { isOverlayXattr } from './overlay-xattr.ts';

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
