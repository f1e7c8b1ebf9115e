/**
 * One record per step key: what the step was and the filesystem it left. A record is a claim; whoever uses
 * it checks that the snapshots it names still exist. Records are small, named by their key and replaced
 * whole, so a crash leaves the old one or the new one and never half of either.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { digestFromHex, digestHex, type KeyDigest } from '../core/digest.ts';
import type { SnapshotID } from '../snapshot/snapshotter.ts';
import { type FileLock, lockFile, tryLockFile } from '../sys/file-lock.ts';
import { type OnDamagedFile, readSealedFile, writeSealedFile } from '../sys/sealed-file.ts';
import { markUsed } from '../sys/use-mark.ts';
import type { Recipe } from './recipe.ts';

/** Others that look for the record hold the lock for a moment, too. */
const longWaitMs = 1000;

/** A snapshot in a filesystem, with the time its layer was made (milliseconds since the epoch). */
export interface StackLayer {
  readonly snapshot: SnapshotID;
  /** Absent for layers of a base image. */
  readonly createdAt?: number;
}

/** What is known of a step that ran, and the filesystem that it left. */
export interface StepRecord {
  readonly key: KeyDigest;
  readonly recipe: Recipe;
  /** `[build 2/5] RUN make`, as it was shown. */
  readonly label: string;
  /**
   * The whole filesystem the step left, lowest first; the last is what the step itself changed. A linked
   * copy (`standsAlone`) records only its own layer.
   */
  readonly stack: readonly StackLayer[];
  readonly standsAlone: boolean;
  readonly durationMs: number;
  /** The import it came with; absent when the step was run here. */
  readonly from?: string;
}

/** What is found or recalled is marked as used: no prune takes it, or what it names, while the build goes on. */
export interface StepCache {
  find(key: KeyDigest): StepRecord | undefined;
  /** As `find`, for whoever only wants to know: nothing is marked. */
  look(key: KeyDigest): StepRecord | undefined;
  save(record: StepRecord): Promise<void>;
  remove(key: KeyDigest): void;
  /**
   * Waits until nobody else works on the key, in this process or another; the kernel frees the lock of a
   * process that died. Whoever gets it looks again before working.
   * @param onWait told when it has taken a while
   */
  lock(key: KeyDigest, signal: AbortSignal, onWait: () => void): Promise<FileLock>;
  /**
   * A small remembered fact that is dear to compute again, such as the content digest of files selected
   * from given snapshots. Named by the digest of the question.
   */
  recall(question: KeyDigest): string | undefined;
  remember(question: KeyDigest, answer: string): Promise<void>;
  list(): KeyDigest[];
}

/**
 * Opens the records beneath `root`, creating their directories.
 * @param onDamage told of records and facts that were damaged; they are gone then
 */
export function openStepCache(root: string, onDamage?: OnDamagedFile): StepCache {
  const steps = join(root, 'steps');
  const facts = join(root, 'facts');
  const locks = join(root, 'locks');
  for (const directory of [steps, facts, locks]) mkdirSync(directory, { recursive: true });
  const recordPath = (key: KeyDigest) => join(steps, `${digestHex(key)}.json`);
  return {
    find(key) {
      const path = recordPath(key);
      return markUsed(path) ? readStepRecord(path, key, onDamage) : undefined;
    },
    look: (key) => readStepRecord(recordPath(key), key, onDamage),
    save(record) {
      return writeSealedFile(recordPath(record.key), JSON.stringify(record));
    },
    remove(key) {
      rmSync(recordPath(key), { force: true });
    },
    async lock(key, signal, onWait) {
      const path = join(locks, `step-${digestHex(key)}`);
      const free = tryLockFile(path, 'exclusive');
      if (free !== undefined) return free;
      const timer = setTimeout(onWait, longWaitMs);
      try {
        return await lockFile(path, 'exclusive', signal);
      } finally {
        clearTimeout(timer);
      }
    },
    recall(question) {
      const path = join(facts, digestHex(question));
      return markUsed(path) ? readSealedFile(path, onDamage) : undefined;
    },
    remember(question, answer) {
      return writeSealedFile(join(facts, digestHex(question)), answer);
    },
    list() {
      return readdirSync(steps)
        .filter((name) => /^[0-9a-f]{64}\.json$/.test(name))
        .sort()
        .map((name) => digestFromHex<KeyDigest>(name.slice(0, 64)));
    },
  };
}

/** The record in a file; one that is damaged, or that answers another question, is no record. */
export function readStepRecord(
  path: string,
  key: KeyDigest,
  onDamage?: OnDamagedFile,
): StepRecord | undefined {
  const text = readSealedFile(path, onDamage);
  if (text === undefined) return undefined;
  const record = JSON.parse(text) as StepRecord;
  return record.key === key ? record : undefined;
}
