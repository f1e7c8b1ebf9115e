import { relative } from 'node:path';
import { assert } from '../../core/assert.ts';
import { type BytePath, bytePathFromText } from '../../core/byte-path.ts';
import { HostError } from '../../core/errors.ts';
import { mountFilesystem, unmount } from '../../sys/mount/mount.ts';
import { isInitialUserNamespace } from '../../sys/user-namespace/id-map.ts';
import { inDirectory } from '../../sys/working-directory.ts';
import type { ActiveSnapshot, SnapshotID } from '../snapshotter.ts';

/** What an overlay is made of. */
export interface OverlayParts {
  /** Where the layers lie. */
  readonly directory: string;
  /** Names in `directory`, topmost first. */
  readonly layers: readonly SnapshotID[];
  /** What takes the changes; read-only without. */
  readonly active: Pick<ActiveSnapshot, 'upper' | 'work'> | undefined;
  /** An empty directory, to stand below where overlay wants one layer more. */
  readonly empty: string;
}

/**
 * Mounts an overlay at `target`.
 * @returns what unmounts it; the upper then is in the form of the kernel's overlay, whoever mounted it
 * @throws HostError `too-many-layers`, `mount-failed`
 */
export type MountOverlay = (parts: OverlayParts, target: string) => () => void;

/** mount(2) copies one page of options. */
const maxOptionBytes = 4095;

/** Distributions ship other defaults, and with them the upper directory is not the full truth. */
const plainUpper = 'metacopy=off,index=off';
/** "off" still follows redirects that are there, which overlay does not trust attributes of the user with. */
const redirects = () => (isInitialUserNamespace() ? 'redirect_dir=off' : 'userxattr,redirect_dir=nofollow');

/** By the kernel itself. */
export const mountKernelOverlay: MountOverlay = (parts, target) => {
  const data = [...directoryOptions(parts), plainUpper, redirects()].join(',');
  if (data.length > maxOptionBytes) {
    throw new HostError('too-many-layers', `${parts.layers.length} layers are more than one mount can take`, {
      hint: 'merge some steps: RUN lines joined with &&, or files copied together',
    });
  }
  const place = bytePathFromText(target);
  inDirectory(parts.directory, () =>
    mountFilesystem({ source: 'overlay', target: place, type: 'overlay', data }),
  );
  return () => unmount(place);
};

/**
 * The options that name directories. All paths are relative to that of the layers: short, so that many fit,
 * and free of what people put into the names above it.
 */
export function directoryOptions({ directory, layers, active, empty }: OverlayParts): BytePath[] {
  const near = (path: string) => {
    const shortest = relative(directory, path);
    assert(!/[,:\\]/.test(shortest), `"${shortest}" can stand in mount options`);
    return bytePathFromText(shortest);
  };
  const fewest = active === undefined ? 2 : 1;
  const lowers = layers.length < fewest ? [...layers, near(empty)] : layers;
  const lower = `lowerdir=${lowers.join(':')}`;
  if (active === undefined) return [lower];
  // Volatile: what a killed build leaves in an upper is thrown away, so unmounting need not flush it.
  return [lower, `upperdir=${near(active.upper)}`, `workdir=${near(active.work)}`, 'volatile'];
}
