import { UsageError } from '../../core/errors.ts';

const unitMs: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};

/**
 * Milliseconds of a duration as Go and people write them: `90s`, `1h30m`, `7d`, `2w`.
 * @throws UsageError `bad-flag-value`
 */
export function parseDuration(flag: string, text: string): number {
  const parts = [...text.matchAll(/([0-9]+(?:\.[0-9]+)?)([smhdw])/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) {
    throw new UsageError('bad-flag-value', `${flag} ${text}: not a duration`, {
      hint: 'for example 12h, 7d or 1h30m',
    });
  }
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (unitMs[unit ?? ''] ?? 0), 0);
}
