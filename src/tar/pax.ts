import type { Timestamp } from '../core/file-tree.ts';
import { badPax } from './errors.ts';

/** One `key=value` of an extended header; both are bytes, one character (0-255) each. */
export type PaxRecord = readonly [key: string, value: string];

/** Prefix of the records that carry extended attributes, as star, GNU tar and Go write them. */
export const xattrPrefix = 'SCHILY.xattr.';

/** Frames records as `LENGTH key=value\n`, where LENGTH counts itself (POSIX pax, "pax Extended Header"). */
export function encodePaxRecords(records: readonly PaxRecord[]): Buffer {
  let text = '';
  for (const [key, value] of records) {
    const rest = key.length + value.length + 3;
    let length = rest + String(rest).length;
    if (rest + String(length).length !== length) length = rest + String(length).length;
    text += `${length} ${key}=${value}\n`;
  }
  return Buffer.from(text, 'latin1');
}

/**
 * Reads the records in order; values may hold any byte, since only the length frames them.
 * @throws IntegrityError `tar-bad-pax`
 */
export function decodePaxRecords(payload: Buffer): PaxRecord[] {
  const records: PaxRecord[] = [];
  let at = 0;
  while (at < payload.length) {
    const blank = payload.indexOf(0x20, at);
    const digits = blank < 0 ? '' : payload.toString('latin1', at, blank);
    if (!/^[0-9]{1,9}$/.test(digits)) throw badPax('a record does not begin with its length');
    const end = at + Number(digits);
    if (end <= blank + 1 || end > payload.length) throw badPax('a record is longer than its header');
    if (payload[end - 1] !== 0x0a) throw badPax('a record does not end where its length says');
    const equals = payload.indexOf(0x3d, blank);
    if (equals < 0 || equals >= end) throw badPax('a record has no "="');
    if (equals === blank + 1) throw badPax('a record has no key');
    records.push([
      payload.toString('latin1', blank + 1, equals),
      payload.toString('latin1', equals + 1, end - 1),
    ]);
    at = end;
  }
  return records;
}

/** `12.5` for 12 s and 500,000,000 ns; times before 1970 count down: -1.5 is {-2 s, 500,000,000 ns}. */
export function encodePaxTime({ seconds, nanoseconds }: Timestamp): string {
  if (nanoseconds === 0) return String(seconds);
  const isNegative = seconds < 0;
  const whole = isNegative ? -(seconds + 1) : seconds;
  const fraction = isNegative ? 1e9 - nanoseconds : nanoseconds;
  const digits = String(fraction).padStart(9, '0').replace(/0+$/, '');
  return `${isNegative ? '-' : ''}${whole}.${digits}`;
}

/** Digits beyond nanoseconds are dropped. @throws IntegrityError `tar-bad-pax` */
export function decodePaxTime(text: string): Timestamp {
  const match = /^(-?)([0-9]{1,16})(?:\.([0-9]*))?$/.exec(text);
  const seconds = Number(match?.[2]);
  if (match === null || !Number.isSafeInteger(seconds)) throw badPax('a time is not a decimal number');
  const fraction = Number((match[3] ?? '').slice(0, 9).padEnd(9, '0'));
  if (match[1] === '') return { seconds, nanoseconds: fraction };
  if (fraction === 0) return { seconds: seconds === 0 ? 0 : -seconds, nanoseconds: 0 };
  return { seconds: -seconds - 1, nanoseconds: 1e9 - fraction };
}

/** A non-negative decimal number. @throws IntegrityError `tar-bad-pax` */
export function decodePaxNumber(text: string, key: string): number {
  const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw badPax(`the value of "${key}" is not a number`);
  return value;
}
