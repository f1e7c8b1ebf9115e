import { chmodSync, chownSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BytePath, bytePathFromText, bytePathToText, cleanBeneath } from '../../core/byte-path.ts';
import type { StepMount, StepSetting } from '../step.ts';
import { type RuntimeMount, systemDirectories } from './bundle.ts';
import { isBelowAny, type MountPoint, type MountTarget } from './mount-points.ts';

/** A mount of a step, before and after its place is found. */
export interface WantedMount extends MountTarget {
  /** Undefined for what `bundleConfig` adds itself: only its mount point is wanted. */
  readonly mount?: (point: MountPoint) => Omit<RuntimeMount, 'destination'>;
}

/**
 * All mounts of a step that need a mount point: the system's, the network files, and those of the request, which
 * win: a network file in a directory that the request covers is left out, not made in what covers it. Files that
 * exist in memory only are written to `directory`.
 */
export function wantedMounts(
  request: StepSetting,
  networkFiles: Readonly<Record<string, string>>,
  directory: string,
): WantedMount[] {
  let count = 0;
  const write = (content: string | Uint8Array, mode: number, uid = 0, gid = 0): string => {
    const path = join(directory, `file-${count++}`);
    writeFileSync(path, content, { flag: 'wx', mode: 0o600 });
    chownSync(path, uid, gid);
    chmodSync(path, mode);
    return path;
  };
  const covered = new Set(request.mounts.map(({ target }) => cleanTarget(target)));
  const wanted: WantedMount[] = [
    ...systemDirectories.map((target) => ({ target, kind: 'directory' as const, stays: true })),
    ...Object.entries(networkFiles)
      .filter(([target]) => !isBelowAny(target, covered))
      .map(([target, content]) => bound(target, write(content, 0o644), true, ['nosuid', 'nodev', 'noexec'])),
    ...request.mounts.map((mount) => {
      if (mount.type === 'bind') return bound(mount.target, mount.source, mount.isReadOnly);
      if (mount.type === 'tmpfs') return tmpfs(mount);
      return bound(mount.target, write(mount.content, mount.mode, mount.uid, mount.gid), true);
    }),
  ];
  return [...new Map(wanted.map((mount) => [mount.target, mount])).values()];
}

/** The mount for the runtime's configuration, on the place that was found for it. */
export function runtimeMounts(mounts: readonly (WantedMount & MountPoint)[]): RuntimeMount[] {
  return mounts.flatMap((each) =>
    each.mount === undefined ? [] : [{ destination: `/${bytePathToText(each.path)}`, ...each.mount(each) }],
  );
}

function bound(
  target: string,
  source: string,
  isReadOnly: boolean,
  more: readonly string[] = [],
): WantedMount {
  const options = ['rbind', 'rprivate', isReadOnly ? 'ro' : 'rw', ...more];
  return {
    target: cleanTarget(target),
    kind: statSync(source).isDirectory() ? 'directory' : 'file',
    mount: () => ({ type: 'bind', source, options }),
  };
}

/** As /tmp is. */
const openToAll = 0o1777;

/** As open as /tmp, or as the directory it covers (spec 3.5). */
function tmpfs(mount: StepMount & { type: 'tmpfs' }): WantedMount {
  const size = mount.sizeBytes === undefined ? [] : [`size=${mount.sizeBytes}`];
  const access = mount.isReadOnly ? ['ro'] : [];
  return {
    target: cleanTarget(mount.target),
    kind: 'directory',
    mode: openToAll,
    mount: ({ covered }) => {
      const mode = (covered?.mode ?? openToAll).toString(8);
      return { type: 'tmpfs', source: 'tmpfs', options: ['nosuid', `mode=${mode}`, ...access, ...size] };
    },
  };
}

function cleanTarget(target: string): BytePath {
  return `/${cleanBeneath(bytePathFromText(target))}`;
}
