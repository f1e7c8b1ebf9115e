import { IntegrityError } from '../core/errors.ts';

/**
 * The bytes of a document: UTF-8, no white space, members in the order they were written, members that
 * are undefined left out. Equal values written in equal order give equal bytes, hence equal digests.
 */
export function encodeJSON(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value), 'utf8');
}

/** The longest index, manifest or config that is read, in bytes: such documents are kilobytes. */
export const documentLimit = 8 << 20;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads JSON that must be well-formed UTF-8.
 * @param what names the document in the error: `manifest`
 * @throws IntegrityError with `code`
 */
export function decodeJSON(bytes: Uint8Array, code: string, what: string): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (cause) {
    const reason = cause instanceof SyntaxError ? cause.message : 'not UTF-8';
    throw new IntegrityError(code, `${what} is not JSON: ${reason}`, { cause });
  }
}
