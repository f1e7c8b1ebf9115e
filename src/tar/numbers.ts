import { badHeader } from './errors.ts';

/**
 * Reads a numeric field: octal digits between blanks and NULs (POSIX pax, "ustar Interchange Format"), or
 * GNU's base-256 form, whose first bit is set and whose value is a two's complement of the rest. An
 * empty field is 0.
 * @throws IntegrityError `tar-bad-header`
 */
export function decodeNumber(block: Buffer, start: number, length: number, field: string): number {
  return ((block[start] ?? 0) & 0x80) !== 0
    ? decodeBase256(block, start, length, field)
    : decodeOctal(block, start, length, field);
}

function decodeOctal(block: Buffer, start: number, length: number, field: string): number {
  let at = start;
  const end = start + length;
  while (at < end && (block[at] === 0x20 || block[at] === 0)) at++;
  let value = 0;
  for (; at < end; at++) {
    const digit = (block[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  for (; at < end && block[at] !== 0; at++) {
    if (block[at] !== 0x20) throw badHeader(`the ${field} of a member is not an octal number`);
  }
  return value;
}

function decodeBase256(block: Buffer, start: number, length: number, field: string): number {
  const first = block[start] ?? 0;
  let value = (first & 0x40) !== 0 ? (first & 0x7f) - 0x80 : first & 0x3f;
  for (let at = start + 1; at < start + length; at++) {
    value = value * 256 + (block[at] ?? 0);
    if (!Number.isSafeInteger(value)) throw badHeader(`the ${field} of a member is out of range`);
  }
  return value;
}

/** The largest number an octal field holds beside its closing NUL. */
export function octalLimit(length: number): number {
  return 8 ** (length - 1) - 1;
}

/** Writes zero-padded octal digits and a NUL; the caller knows that the value fits. */
export function writeOctal(block: Buffer, start: number, length: number, value: number): void {
  let rest = value;
  for (let at = start + length - 2; at >= start; at--) {
    block[at] = 0x30 + (rest % 8);
    rest = Math.floor(rest / 8);
  }
  block[start + length - 1] = 0;
}
