import { existsSync, mkdirSync, readdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytePathFromText } from '../../core/byte-path.ts';
import { systemCode } from '../../core/errors.ts';
import { overlayAttribute } from '../../sys/user-namespace/overlay-attribute.ts';
import { setXattr } from '../../sys/xattr.ts';
import { statSnapshotFile } from '../device-file.ts';
import { isWhiteout } from '../layer-files.ts';
import { isOpaque } from '../layers.ts';
import { keepsNotes } from '../own-notes.ts';
import type { MountOverlay } from './overlay-mount.ts';

/**
 * Tries whether an overlay does what builds need: it hides what is marked as hidden, and notes what is removed.
 * @param scratch an empty directory in the store
 * @returns what goes wrong, if anything does
 * @throws HostError `mount-failed` and what else `mount` throws
 */
export function tryOverlay(mount: MountOverlay, scratch: string): string | undefined {
  if (!keepsNotes(scratch))
    return 'the filesystem has none of the attributes that overlay writes its notes in';
  const [below, above, upper, work, empty, merged] = [
    'below',
    'above',
    'upper',
    'work',
    'empty',
    'merged',
  ].map((name) => {
    const path = join(scratch, name);
    mkdirSync(path);
    return path;
  }) as [string, string, string, string, string, string];
  for (const name of ['hidden', 'replaced']) mkdirSync(join(below, name));
  for (const name of ['hidden/file', 'replaced/file', 'removed']) writeFileSync(join(below, name), '');
  mkdirSync(join(above, 'hidden'));
  setXattr(bytePathFromText(join(above, 'hidden')), overlayAttribute('opaque'), Buffer.from('y'));

  const layers = { directory: scratch, layers: ['above', 'below'], active: { upper, work }, empty };
  const unmount = mount(layers, merged);
  let problem: string | undefined;
  try {
    if (readdirSync(join(merged, 'hidden')).length > 0) problem = 'what a layer hides can be seen';
    unlinkSync(join(merged, 'removed'));
    rmSync(join(merged, 'replaced'), { recursive: true });
    mkdirSync(join(merged, 'replaced'));
    if (readdirSync(join(merged, 'replaced')).length > 0) problem = 'what a step removes comes back';
  } catch (error) {
    problem = `what lies below cannot be replaced: ${(error as Error).message}`;
  }
  try {
    unmount();
  } catch (error) {
    // Of the kinds of files that the kernel's overlay is made of, some filesystems let nobody make some.
    if (systemCode(error) === undefined) throw error;
    return `what a step removes cannot be noted: ${(error as Error).message}`;
  }
  if (problem !== undefined) return problem;
  const isNoted =
    isWhiteout(statSnapshotFile(bytePathFromText(join(upper, 'removed')))) &&
    isOpaque(join(upper, 'replaced'));
  const isBelowWhole = existsSync(join(below, 'replaced/file'));
  return isNoted && isBelowWhole ? undefined : 'what a step removes is not noted in its layer';
}
