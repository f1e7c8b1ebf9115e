import { chooseOverlay } from '../../snapshot/mount/choose-overlay.ts';
import type { OverlayChoice } from '../../snapshot/mount/overlay-choice.ts';
import { tryOverlay } from '../../snapshot/mount/try-overlay.ts';
import { enterMountNamespace } from '../../sys/mount/mount-namespace.ts';
import { isInitialUserNamespace } from '../../sys/user-namespace/id-map.ts';
import { type Finding, fail, failedBy, ok, warn } from '../finding.ts';

/**
 * Mounts one as builds do, and removes and makes again what lies below.
 * @param choice of the configuration
 * @param scratch makes an empty directory in the store
 */
export function overlay(choice: OverlayChoice | undefined, scratch: () => string): Finding {
  const notes: string[] = [];
  try {
    enterMountNamespace();
    const problem = tryOverlay(
      chooseOverlay(choice, scratch, (note) => notes.push(note)),
      scratch(),
    );
    if (problem !== undefined) return fail('overlay', problem, 'put --root on ext4, xfs or btrfs');
  } catch (error) {
    return failedBy('overlay', error);
  }
  const [note] = notes;
  if (note !== undefined) return warn('overlay', note, 'use Linux 5.11 or newer');
  if (isInitialUserNamespace()) return ok('overlay', 'works');
  if (choice === 'fuse-overlayfs') return ok('overlay', 'works, by fuse-overlayfs as the configuration says');
  return ok('overlay', 'works, with its notes in user attributes');
}
