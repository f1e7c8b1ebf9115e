/** What a build finds damaged of its store: said aloud, dropped, and made or pulled anew by the same build. */
import { relative } from 'node:path';
import type { OnLostBlob } from '../../content/dir-store.ts';
import { IntegrityError } from '../../core/errors.ts';
import type { EmitEvent } from '../../core/event.ts';
import type { OnDamagedFile } from '../../sys/sealed-file.ts';

export interface StoreDamage {
  readonly onLostBlob: OnLostBlob;
  readonly onDamagedFile: OnDamagedFile;
  /** Snapshots were dropped that may not have reached the disk when the machine went down. */
  onUntrusted(count: number): void;
  /** How many blobs were lost so far, each counted once. */
  lostBlobs(): number;
}

/** Warns of what is found damaged in the store, of each thing once. */
export function watchDamage(root: string, emit: EmitEvent): StoreDamage {
  const lost = new Set<string>();
  const warn = (message: string) =>
    emit({
      type: 'warning',
      diagnostic: {
        code: 'store-damage',
        severity: 'warning',
        message,
        help: 'it was dropped; what is needed of it is restored, made or pulled anew. If this happens again, check the disk',
      },
    });
  return {
    onLostBlob(digest, message) {
      if (!lost.has(digest)) warn(message);
      lost.add(digest);
    },
    onDamagedFile: (path) => warn(`${relative(root, path)} in the store is damaged`),
    onUntrusted: (count) =>
      emit({
        type: 'note',
        text: `the machine went down before ${count} snapshots were surely on the disk: they are made again where they are needed`,
        at: Date.now(),
      }),
    lostBlobs: () => lost.size,
  };
}

/** Whether work failed for want of something that was in the store when it began: begun anew, it finds another way. */
export function isLossOfStore(error: unknown): boolean {
  return (
    error instanceof IntegrityError && ['blob-damaged', 'blob-missing', 'snapshot-lost'].includes(error.code)
  );
}
