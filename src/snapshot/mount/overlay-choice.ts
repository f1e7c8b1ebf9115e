export const overlayChoices = ['overlay', 'fuse-overlayfs'] as const;

/** Who mounts overlays: the kernel, or fuse-overlayfs; where nobody says, whichever can, the kernel first. */
export type OverlayChoice = (typeof overlayChoices)[number];
