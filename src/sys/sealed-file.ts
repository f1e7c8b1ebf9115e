/**
 * Small files that must never be believed when a bit of them fell over: the last line is the digest of
 * everything above it. As a JSON string, so that a sealed JSON document can be read with `jq` as it lies.
 */
import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { systemCode } from '../core/errors.ts';
import { replaceFile } from './atomic-file.ts';

/**
 * Puts a file in place whole or not at all. It is not flushed: what a power cut did to it shows, and to flush the
 * four records of a step took longer than the step.
 * @throws HostError `disk-full`; other system errors with the path in their message
 */
export function writeSealedFile(path: string, text: string): Promise<void> {
  return replaceFile(path, `${text}\n${sealOf(text)}\n`);
}

/** Told the path of a file that is not what was written, when it has been removed. */
export type OnDamagedFile = (path: string) => void;

/**
 * The text of a sealed file; undefined when it is missing, or not what was written.
 * @param onDamage makes that it is removed then; without it the file stays
 * @throws a system error other than ENOENT
 */
export function readSealedFile(path: string, onDamage?: OnDamagedFile): string | undefined {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  const end = content.lastIndexOf('\n', content.length - 2);
  const text = content.slice(0, Math.max(end, 0));
  if (content.slice(end + 1) === `${sealOf(text)}\n`) return text;
  if (onDamage !== undefined) dropDamagedFile(path, onDamage);
  return undefined;
}

/** Should another process have put a good one in its place just now, that one is made once more. */
export function dropDamagedFile(path: string, onDamage: OnDamagedFile): void {
  rmSync(path, { force: true });
  onDamage(path);
}

function sealOf(text: string): string {
  return `"sha256:${createHash('sha256').update(text).digest('hex')}"`;
}
