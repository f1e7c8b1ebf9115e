import { IntegrityError } from '../core/errors.ts';

/** The archive ends in the middle of a member. */
export function truncated(where: string): IntegrityError {
  return new IntegrityError('tar-truncated', `the archive ends inside ${where}`, {
    hint: 'it was not transferred or written whole: fetch or make it again',
  });
}

/** A 512-byte header block that no tar program can have written. */
export function badHeader(why: string): IntegrityError {
  return new IntegrityError('tar-bad-header', `this is not a tar archive, or a damaged one: ${why}`);
}

/** An extended header whose records do not parse (POSIX pax, "pax Extended Header"). */
export function badPax(why: string): IntegrityError {
  return new IntegrityError('tar-bad-pax', `an extended header of the archive is damaged: ${why}`);
}

/** A sparse map that does not describe the bytes that follow it. */
export function badSparse(why: string): IntegrityError {
  return new IntegrityError('tar-bad-sparse', `the map of a sparse file in the archive is wrong: ${why}`);
}

/** Names, records and sparse maps beyond this many bytes are refused: real ones are smaller by orders. */
export const metadataLimit = 1 << 20;

/** Metadata beyond what any real file has; refused so that memory stays bounded. */
export function headerTooLarge(what: string): IntegrityError {
  return new IntegrityError(
    'tar-header-too-large',
    `${what} in the archive is larger than ${metadataLimit} bytes`,
  );
}
