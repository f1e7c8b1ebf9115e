/**
 * Snapshots are published without waiting for the disk, while the records that name them are flushed: after a power
 * cut a record could lead to files that are cut or empty. So each snapshot is noted before it gets its name, as
 * `unflushed/BOOT/ID`, an empty file in the directory of this boot of the machine. Journals keep the order of names: where
 * the snapshot survived, so did the note. A snapshot noted by another boot is not trusted; what its layer's blob
 * has is unpacked again, everything else runs again. Notes go when the filesystem has been flushed, which is done
 * in the background and late: by then the kernel has written nearly everything by itself.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../core/errors.ts';
import { startDetached } from '../sys/process/start-detached.ts';
import { alone } from '../sys/use-mark.ts';
import type { SnapshotID } from './snapshotter.ts';

/** The kernel writes what is older than 30 s (vm.dirty_expire_centisecs) within 5 more. */
const settledMs = 40_000;

export interface UnflushedNotes {
  /** To be called when a snapshot is complete, and before it gets its name. */
  note(id: SnapshotID): void;
  /**
   * Takes away the snapshots of a boot that has ended before they were flushed.
   * @param takeAway moves one out of sight, if it is there
   * @returns how many were noted
   */
  dropUntrusted(takeAway: (id: SnapshotID) => void): number;
  /**
   * Begins to flush what was noted a while ago, in a process that nobody waits for.
   * @param now milliseconds since the epoch
   */
  flushSettled(now: number): void;
}

/** Opens the notes of a store, `unflushed/BOOT/ID` beneath `root`. */
export function openUnflushed(root: string): UnflushedNotes {
  const directory = join(root, 'unflushed');
  const boot = bootID();
  const own = join(directory, boot);
  const names = () => namesIn(directory);

  return {
    note(id) {
      const path = join(own, id);
      try {
        closeSync(openSync(path, 'a', 0o600));
      } catch (error) {
        if (systemCode(error) !== 'ENOENT') throw error;
        mkdirSync(own, { recursive: true, mode: 0o700 });
        closeSync(openSync(path, 'a', 0o600));
      }
    },
    dropUntrusted(takeAway) {
      if (names().every((name) => name.startsWith(boot))) return 0;
      // Nobody may take for an old one what another build has just made.
      return alone([directory], () => {
        const untrusted = names().filter((name) => !name.startsWith(boot));
        const ids = untrusted.flatMap((name) => namesIn(join(directory, name)));
        for (const id of ids) takeAway(id);
        for (const name of untrusted) rmSync(join(directory, name), { recursive: true, force: true });
        return ids.length;
      });
    },
    flushSettled(now) {
      const since = statSync(own, { throwIfNoEntry: false })?.birthtimeMs;
      if (since === undefined || now - since < settledMs) return;
      // What is noted from here on is for the next flush. Others may have died over theirs.
      try {
        renameSync(own, `${own}.${randomBytes(4).toString('hex')}`);
      } catch (error) {
        if (systemCode(error) === 'ENOENT') return;
        throw error;
      }
      const flushed = names().filter((name) => name.startsWith(`${boot}.`));
      const script = 'sync -f "$0" && exec rm -rf -- "$@"';
      startDetached('sh', ['-c', script, directory, ...flushed.map((name) => join(directory, name))]);
    },
  };
}

/** Where it is hidden from us, power cuts go unnoticed. */
function bootID(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return 'unknown-boot';
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}
