/** Overlays' own notes: the kernel's two kinds, those of one inside a container, and those of fuse-overlayfs. */
const prefixes = ['trusted.overlay.', 'user.overlay.', 'user.fuseoverlayfs.'];

/** Whether an extended attribute is a note of an overlay about a file, and nothing that belongs to the file. */
export function isOverlayXattr(name: string): boolean {
  return prefixes.some((prefix) => name.startsWith(prefix));
}
