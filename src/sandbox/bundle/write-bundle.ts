import { chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytePathFromText, bytePathToFs, joinBytePath } from '../../core/byte-path.ts';
import { resolveBeneath } from '../../core/file-tree.ts';
import { mergedTree } from '../../snapshot/merged-tree.ts';
import type { StepSetting } from '../step.ts';
import { bundleConfig } from './bundle.ts';
import { findMountPoints, isBelowAny, makeDirectories, makeMountPoints } from './mount-points.ts';
import { networkFiles } from './network-files.ts';
import { runtimeMounts, wantedMounts } from './step-mounts.ts';

/**
 * Writes the bundle of a step (runtime-spec, bundle.md) into an empty directory, and makes what the step's mounts
 * stand on.
 * @param cgroup of the step; undefined where it has none of its own
 * @param networkPath the network namespace it runs in; undefined for the host's, or for one without a way out
 * @returns what takes the mount points away again
 * @throws StepError `mount-target`, `not-a-directory`
 */
export function writeBundle(
  bundle: string,
  request: StepSetting,
  cgroup: string | undefined,
  networkPath: string | undefined,
): () => void {
  const rootfs = bytePathFromText(request.rootfs);
  const files = networkFiles(request, networkPath !== undefined);
  const mounts = findMountPoints(rootfs, wantedMounts(request, files, bundle));
  makeWorkingDirectory(request, new Set(mounts.map(({ path }) => path)));
  const config = bundleConfig(request, runtimeMounts(mounts), cgroup, networkPath);
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));
  return makeMountPoints(rootfs, mounts);
}

/** Unlike a mount point it stays: it is where the step works (spec 3.5). */
function makeWorkingDirectory(request: StepSetting, mounted: ReadonlySet<string>): void {
  const rootfs = bytePathFromText(request.rootfs);
  const path = resolveBeneath(mergedTree([rootfs]), bytePathFromText(request.cwd));
  if (mounted.has(path) || isBelowAny(path, mounted)) return;
  for (const made of makeDirectories(rootfs, path)) {
    chownSync(bytePathToFs(joinBytePath(rootfs, made)), request.user.uid, request.user.gid);
  }
}
