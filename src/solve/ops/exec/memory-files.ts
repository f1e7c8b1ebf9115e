/**
 * Files that must never touch a disk, such as secrets: in a tmpfs that only this build's mount namespace
 * has, and that is gone with the process.
 */
import { chmodSync, chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytePathFromText } from '../../../core/byte-path.ts';
import { mountFilesystem } from '../../../sys/mount.ts';
import { enterMountNamespace } from '../../../sys/mount-namespace.ts';

export interface MemoryFiles {
  /** Writes a file and gives its path, for synchronous calls and child processes only. */
  write(
    content: Uint8Array,
    owner: { readonly uid: number; readonly gid: number; readonly mode: number },
  ): string;
  remove(path: string): void;
  /** A directory in memory, for whoever writes there itself. */
  directory(): string;
}

/** Mounted at `mountPoint` when the first file is written. */
export function openMemoryFiles(mountPoint: string): MemoryFiles {
  let isMounted = false;
  let count = 0;
  const next = (): string => {
    if (!isMounted) {
      enterMountNamespace();
      mkdirSync(mountPoint, { recursive: true });
      const target = bytePathFromText(mountPoint);
      mountFilesystem({
        source: 'strata',
        target,
        type: 'tmpfs',
        flags: ['noSuid', 'noDev'],
        data: 'mode=700',
      });
      isMounted = true;
    }
    return join(mountPoint, String(count++));
  };
  return {
    write(content, { uid, gid, mode }) {
      const path = next();
      writeFileSync(path, content, { flag: 'wx', mode: 0o600 });
      chownSync(path, uid, gid);
      chmodSync(path, mode);
      return path;
    },
    remove: (path) => rmSync(path, { recursive: true, force: true }),
    directory() {
      const path = next();
      mkdirSync(path, { mode: 0o700 });
      return path;
    },
  };
}
