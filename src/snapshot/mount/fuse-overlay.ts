/** Overlays mounted by fuse-overlayfs, for kernels that refuse their own to anybody but root of the machine. */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { bytePathFromText } from '../../core/byte-path.ts';
import { HostError, systemCode } from '../../core/errors.ts';
import { flushFilesystem } from '../../sys/flush-filesystem.ts';
import { mountByProgram } from '../../sys/mount/mount-server.ts';
import { findProgram } from '../../sys/probe.ts';
import { mergedTree } from '../merged-tree.ts';
import { readDirectoryTimes, translateUpper } from './fuse-notes.ts';
import { directoryOptions, type MountOverlay } from './overlay-mount.ts';

const program = 'fuse-overlayfs';
const device = '/dev/fuse';
/** What is said of files whose program has ended. */
const lost = ['ENOTCONN', 'ECONNABORTED'];

/** What fuse-overlayfs needs and does not find here, with what mends it; undefined when all is there. */
export function lackOfFuseOverlay(): { readonly text: string; readonly remedy: string } | undefined {
  if (findProgram(program) === undefined) {
    return { text: `${program} is not installed`, remedy: `apt-get install ${program}` };
  }
  try {
    accessSync(device, constants.R_OK | constants.W_OK);
    return undefined;
  } catch {
    return {
      text: `${device} is missing or closed to you`,
      remedy: `as root: modprobe fuse; chmod 666 ${device} (a container: --device ${device})`,
    };
  }
}

/** By fuse-overlayfs, which must not lack anything. */
export const mountFuseOverlay: MountOverlay = (parts, target) => {
  const path = findProgram(program);
  if (path === undefined) throw new HostError('program-missing', `"${program}" is not installed`);
  const place = bytePathFromText(target);
  // Without a cache of writes a step learns of a full disk when it writes, and times are those of its writes.
  const options = [...directoryOptions(parts), 'writeback=0'].join(',');
  const end = mountByProgram([path, '-f', '-o', options, target], parts.directory, place);
  const upper = parts.active?.upper;
  if (upper === undefined) return end;
  return () => {
    let times: ReturnType<typeof readDirectoryTimes>;
    try {
      // What was written by way of memory maps; and whether the program lived to see the end of the step.
      flushFilesystem(place);
      times = readDirectoryTimes(bytePathFromText(upper), place);
    } catch (cause) {
      end();
      if (!lost.includes(systemCode(cause) ?? '')) throw cause;
      throw new HostError('overlay-lost', `${program} ended before the step did`, {
        hint: 'build again; dmesg says whether the machine ran out of memory',
        cause,
      });
    }
    end();
    const lowers = parts.layers.map((layer) => bytePathFromText(join(parts.directory, layer)));
    translateUpper(bytePathFromText(upper), mergedTree(lowers), times);
  };
};
