import { UsageError } from '../../core/errors.ts';

const powers: Readonly<Record<string, number>> = { '': 0, k: 1, m: 2, g: 3, t: 4 };

/**
 * Bytes as Docker reads them: `512m`, `1.5g`, `64kb`, powers of 1024.
 * @throws UsageError `bad-flag-value`
 */
export function parseBytes(flag: string, text: string): number {
  const match = /^([0-9]+(?:\.[0-9]+)?) ?([kmgt]?)i?b?$/i.exec(text);
  const power = powers[(match?.[2] ?? '').toLowerCase()];
  const bytes = match === null || power === undefined ? Number.NaN : Number(match[1]) * 1024 ** power;
  if (!Number.isFinite(bytes) || bytes > Number.MAX_SAFE_INTEGER) {
    throw new UsageError('bad-flag-value', `${flag} ${text}: not a number of bytes`, {
      hint: 'for example 512m or 2g',
    });
  }
  return Math.floor(bytes);
}

/** @throws UsageError `bad-flag-value` */
export function parseCount(flag: string, text: string, least: number): number {
  const count = /^-?[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(count) || count < least) {
    throw new UsageError('bad-flag-value', `${flag} ${text}: want a whole number, ${least} or more`);
  }
  return count;
}
