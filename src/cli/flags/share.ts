import { statfsSync } from 'node:fs';
import { UsageError } from '../../core/errors.ts';
import { parseBytes } from './amount.ts';

/**
 * Bytes, or a share of a disk: `20g`, `15%`.
 * @throws UsageError `bad-flag-value`
 */
export function parseShare(flag: string, text: string, diskBytes: () => number): number {
  const percent = /^([0-9]+(?:\.[0-9]+)?)%$/.exec(text)?.[1];
  if (percent === undefined) return parseBytes(flag, text);
  if (Number(percent) <= 100) return Math.floor((diskBytes() * Number(percent)) / 100);
  throw new UsageError('bad-flag-value', `${flag} ${text}: more than all there is`);
}

/** The size of the filesystem that a directory lies on. */
export function diskBytesOf(directory: string): number {
  const { blocks, bsize } = statfsSync(directory);
  return blocks * bsize;
}

/** What is left on it for people who are not root, as `df` shows it. */
export function freeBytesOf(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}
