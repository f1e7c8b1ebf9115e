import { UsageError } from '../../core/errors.ts';
import type { WasteLimits } from '../../inspect/waste/limits.ts';

export interface LimitFlags {
  readonly lowestEfficiency?: string;
  readonly highestWastedBytes?: string;
  readonly highestUserWastedPercent?: string;
}

/** @throws UsageError `bad-flag-value` */
export function readLimits(flags: LimitFlags): WasteLimits {
  return {
    lowestEfficiency: optional(flags.lowestEfficiency, (text) => ratio('--lowest-efficiency', text)),
    highestWastedBytes: optional(flags.highestWastedBytes, (text) => bytes('--highest-wasted-bytes', text)),
    highestUserWastedPercent: optional(flags.highestUserWastedPercent, (text) =>
      ratio('--highest-user-wasted-percent', text),
    ),
  };
}

function optional<T>(text: string | undefined, read: (text: string) => T): T | undefined {
  return text === undefined ? undefined : read(text);
}

/** `0.9` and `90%` are the same. */
function ratio(flag: string, text: string): number {
  const [, number, sign] = /^([0-9]*\.?[0-9]+) ?(%?)$/.exec(text) ?? [];
  const value = number === undefined ? Number.NaN : Number(number) / (sign === '%' ? 100 : 1);
  if (value >= 0 && value <= 1) return value;
  throw new UsageError('bad-flag-value', `${flag} ${text}: want a share`, {
    hint: 'from 0 to 1, or 0% to 100%',
  });
}

const units: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1e3,
  kb: 1e3,
  m: 1e6,
  mb: 1e6,
  g: 1e9,
  gb: 1e9,
  t: 1e12,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** As sizes are printed: `20MB` are 20,000,000 bytes, `20MiB` are 20,971,520. */
function bytes(flag: string, text: string): number {
  const [, number, unit = ''] = /^([0-9]*\.?[0-9]+) ?([a-z]*)$/i.exec(text) ?? [];
  const factor = units[unit.toLowerCase()];
  if (number !== undefined && factor !== undefined) return Number(number) * factor;
  throw new UsageError('bad-flag-value', `${flag} ${text}: not a number of bytes`, {
    hint: 'for example 20MB or 64MiB',
  });
}
