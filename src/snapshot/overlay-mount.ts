import { relative } from 'node:path';
import { assert } from '../core/assert.ts';
import { bytePathFromText } from '../core/byte-path.ts';
import { HostError } from '../core/errors.ts';
import { mountFilesystem } from '../sys/mount.ts';
import { isInitialUserNamespace } from '../sys/user-namespace/id-map.ts';
import { inDirectory } from '../sys/working-directory.ts';
import type { ActiveSnapshot, SnapshotID } from './snapshotter.ts';

/** mount(2) copies one page of options. */
const maxOptionBytes = 4095;

/** Distributions ship other defaults, and with them the upper directory is not the full truth. */
const plainUpper = 'metacopy=off,index=off';
/** "off" still follows redirects that are there, which overlay does not trust attributes of the user with. */
const redirects = () => (isInitialUserNamespace() ? 'redirect_dir=off' : 'userxattr,redirect_dir=nofollow');

/**
 * Mounts the snapshots in `directory`, topmost first, at `target`. All paths in the options are relative to
 * `directory`: short, so that many fit, and free of what people put into the names above it.
 *
 * @param empty an empty directory, to stand below where overlay wants one layer more
 * @throws HostError `too-many-layers`, `mount-failed`
 */
export function mountOverlay(
  directory: string,
  layers: readonly SnapshotID[],
  active: ActiveSnapshot | undefined,
  empty: string,
  target: string,
): void {
  const near = (path: string) => {
    const shortest = relative(directory, path);
    assert(!/[,:\\]/.test(shortest), `"${shortest}" can stand in mount options`);
    return bytePathFromText(shortest);
  };
  const fewest = active === undefined ? 2 : 1;
  const lowers = layers.length < fewest ? [...layers, near(empty)] : layers;
  const options = [`lowerdir=${lowers.join(':')}`, plainUpper, redirects()];
  // Volatile: what a killed build leaves in an upper is thrown away, so unmounting need not flush it.
  if (active !== undefined)
    options.push(`upperdir=${near(active.upper)},workdir=${near(active.work)},volatile`);
  const data = options.join(',');
  if (data.length > maxOptionBytes) {
    throw new HostError('too-many-layers', `${layers.length} layers are more than one mount can take`, {
      hint: 'merge some steps: RUN lines joined with &&, or files copied together',
    });
  }
  inDirectory(directory, () =>
    mountFilesystem({ source: 'overlay', target: bytePathFromText(target), type: 'overlay', data }),
  );
}
