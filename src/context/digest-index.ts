/**
 * Remembers between builds what a context's files hold, so that an unchanged file is not read again: one line per file, kept under what the kernel says of it. A wrong answer would be a wrong cache
 * hit, so an entry is believed only if nothing can have changed unnoticed (see `isSettled`).
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { BytePath } from '../core/byte-path.ts';
import { systemCode } from '../core/errors.ts';
import type { FileDigestIndex, FileStat, Timestamp } from '../core/file-tree.ts';
import { replaceFile } from '../sys/atomic-file.ts';
import { dropDamagedFile, type OnDamagedFile } from '../sys/sealed-file.ts';

export interface DigestIndex extends FileDigestIndex {
  /** Writes the index, if anything is new in it. */
  save(): Promise<void>;
}

/** The first line: this, and the sha256 of everything below it. */
const header = 'strata file digests 1 ';
/** Far above the coarsest clock of any filesystem in use (FAT: 2 s). */
const settleMs = 3_000;
/** Beyond this many entries those that this build did not ask for are forgotten. */
const maxUnasked = 200_000;

/**
 * Opens the index kept in `file`; one that is missing or damaged is empty.
 * @param startedAt when this build began, in milliseconds since the epoch: no later than the first lstat
 * @param onDamage told when it was damaged; it is gone then
 */
export function openDigestIndex(file: string, startedAt: number, onDamage?: OnDamagedFile): DigestIndex {
  // Lines as they stand in the file, by path; cut up only when they are asked for.
  const known = readLines(file, onDamage);
  const asked = new Map<string, string>();
  // The same question comes several times in a build, and making a fingerprint takes a third of what lstat does.
  const answers = new WeakMap<FileStat, { readonly path: BytePath; readonly word: string }>();
  let isChanged = false;

  return {
    get(path, stat) {
      const answered = answers.get(stat);
      if (answered?.path === path) return answered.word;
      const line = known.get(path);
      if (line === undefined) return undefined;
      const fingerprint = fingerprintOf(stat);
      if (fingerprint === undefined || !line.startsWith(fingerprint)) return undefined;
      const word = line.slice(fingerprint.length, line.indexOf(' ', fingerprint.length));
      asked.set(path, line);
      answers.set(stat, { path, word });
      return word;
    },
    set(path, stat, word) {
      const fingerprint = fingerprintOf(stat);
      if (fingerprint === undefined || !isSettled(stat, startedAt) || path.includes('\n')) return;
      const line = `${fingerprint}${word} ${path}`;
      known.set(path, line);
      asked.set(path, line);
      answers.set(stat, { path, word });
      isChanged = true;
    },
    async save() {
      if (!isChanged) return;
      mkdirSync(dirname(file), { recursive: true });
      const kept = (known.size > maxUnasked ? asked : known).values();
      const body = [...kept].join('\n');
      await replaceFile(file, Buffer.from(`${header}${sha256(body)}\n${body}`, 'latin1'));
      isChanged = false;
    },
  };
}

/**
 * Whether every later change of the file must show in its times. One made within the same tick of the
 * clock as the lstat would not; a file that changed shortly before the build is therefore read again.
 */
function isSettled(stat: FileStat, startedAt: number): boolean {
  const before = startedAt - settleMs;
  return milliseconds(stat.mtime) < before && stat.ctime !== undefined && milliseconds(stat.ctime) < before;
}

function fingerprintOf(stat: FileStat): string | undefined {
  const { ctime, mtime } = stat;
  if (ctime === undefined) return undefined;
  return `${stat.inode} ${stat.size} ${mtime.seconds}.${mtime.nanoseconds} ${ctime.seconds}.${ctime.nanoseconds} `;
}

function milliseconds(time: Timestamp): number {
  return time.seconds * 1000 + time.nanoseconds / 1e6;
}

function readLines(file: string, onDamage: OnDamagedFile | undefined): Map<string, string> {
  const lines = new Map<string, string>();
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return lines;
    throw error;
  }
  const end = text.indexOf('\n');
  const body = text.slice(end + 1);
  if (text.slice(0, end) !== header + sha256(body)) {
    if (onDamage !== undefined) dropDamagedFile(file, onDamage);
    return lines;
  }
  for (const line of body.split('\n')) {
    const path = pathIn(line);
    if (path !== undefined) lines.set(path, line);
  }
  return lines;
}

function sha256(latin1: string): string {
  return createHash('sha256').update(latin1, 'latin1').digest('hex');
}

/** The path follows the fifth blank: inode, size, mtime, ctime, word. */
function pathIn(line: string): string | undefined {
  let at = -1;
  for (let blanks = 0; blanks < 5; blanks++) {
    at = line.indexOf(' ', at + 1);
    if (at < 0) return undefined;
  }
  return line.slice(at + 1);
}
