import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytePathFromText } from '../../core/byte-path.ts';
import { mountOverlay } from '../../snapshot/overlay-mount.ts';
import { unmount } from '../../sys/mount.ts';
import { enterMountNamespace } from '../../sys/mount-namespace.ts';
import { isInitialUserNamespace } from '../../sys/user-namespace/id-map.ts';
import { type Finding, fail, failedBy, ok } from '../finding.ts';

/**
 * Mounts one as builds do, and removes and makes again what lies below: for that overlay keeps notes in attributes.
 * @param scratch an empty directory in the store
 */
export function overlay(scratch: string): Finding {
  const [lower, upper, work, merged, empty] = ['lower', 'upper', 'work', 'merged', 'empty'].map((name) => {
    const path = join(scratch, name);
    mkdirSync(path);
    return path;
  }) as [string, string, string, string, string];
  mkdirSync(join(lower, 'directory'));
  writeFileSync(join(lower, 'directory/below'), '');
  try {
    enterMountNamespace();
    mountOverlay(scratch, ['lower'], { upper, work }, empty, merged);
  } catch (error) {
    return failedBy('overlay', error);
  }
  try {
    rmSync(join(merged, 'directory'), { recursive: true });
    mkdirSync(join(merged, 'directory'));
    const isHidden = readdirSync(join(merged, 'directory')).length === 0;
    const isBelowWhole = existsSync(join(lower, 'directory/below'));
    if (!isHidden || !isBelowWhole) {
      return fail('overlay', 'what a step removes comes back', 'put --root on ext4, xfs or btrfs');
    }
    return ok('overlay', isInitialUserNamespace() ? 'works' : 'works, with its notes in user attributes');
  } catch (error) {
    return fail(
      'overlay',
      `what lies below cannot be replaced: ${(error as Error).message}`,
      'put --root on ext4, xfs or btrfs',
    );
  } finally {
    unmount(bytePathFromText(merged));
  }
}
