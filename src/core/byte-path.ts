/**
 * File names are bytes, not text. A BytePath is a string with one character (0-255) per byte, so that
 * plain comparison sorts in byte order and nothing is lost for names that are not UTF-8.
 */
declare const brand: unique symbol;
export type BytePath = string & { readonly [brand]?: 'bytes' };

/** From text as people type it (UTF-8). */
export function bytePathFromText(text: string): BytePath {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** For people to read: UTF-8 where it is, U+FFFD where it is not. */
export function bytePathToText(path: BytePath): string {
  return isAscii(path) ? path : Buffer.from(path, 'latin1').toString('utf8');
}

/** For `node:fs`, which takes a Buffer where a string would be encoded as UTF-8. */
export function bytePathToFs(path: BytePath): string | Buffer {
  return isAscii(path) ? path : Buffer.from(path, 'latin1');
}

/** Joins two slash-separated paths; an empty one vanishes. Nothing is cleaned. */
export function joinBytePath(dir: BytePath, name: BytePath): BytePath {
  if (dir === '') return name;
  if (name === '') return dir;
  return dir.endsWith('/') ? dir + name : `${dir}/${name}`;
}

/** The parent of a clean relative path; '' for a top name. */
export function parentOf(path: BytePath): BytePath {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

/** The last component of a clean relative path. */
export function baseName(path: BytePath): BytePath {
  return path.slice(path.lastIndexOf('/') + 1);
}

/**
 * Cleans a path lexically and makes it relative to the root it is meant in: no leading or trailing
 * slash, no empty or `.` component, and `..` stops at the root. The root itself is ''.
 */
export function cleanBeneath(path: BytePath): BytePath {
  const out: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') out.pop();
    else out.push(part);
  }
  return out.join('/');
}

/** Byte order, for sorting. */
export function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function isAscii(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the whole ASCII range is meant
  return /^[\x00-\x7f]*$/.test(text);
}
