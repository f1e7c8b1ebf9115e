/**
 * Small files that must never be believed when a bit of them fell over: the last line is the digest of
 * everything above it. As a JSON string, so that a sealed JSON document can be read with `jq` as it lies.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { systemCode } from '../core/errors.ts';
import { writeFileAtomic } from './atomic-file.ts';

/**
 * Puts a file in place whole or not at all.
 * @throws HostError `disk-full`; other system errors with the path in their message
 */
export function writeSealedFile(path: string, text: string): Promise<void> {
  return writeFileAtomic(path, `${text}\n${sealOf(text)}\n`);
}

/**
 * The text of a sealed file; undefined when it is missing, or not what was written.
 * @throws a system error other than ENOENT
 */
export function readSealedFile(path: string): string | undefined {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  const end = content.lastIndexOf('\n', content.length - 2);
  const text = content.slice(0, Math.max(end, 0));
  return content.slice(end + 1) === `${sealOf(text)}\n` ? text : undefined;
}

function sealOf(text: string): string {
  return `"sha256:${createHash('sha256').update(text).digest('hex')}"`;
}
