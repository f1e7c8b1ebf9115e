/**
 * Unpacks an archive that was sent as a context. Members come as they are: `src/tar` reads them, since
 * tar-stream takes names for UTF-8 and loses what else a pax header says. Owners are not kept, for a context
 * shows every file as root's.
 */
import { createTarParser, type TarParser } from '../../tar/parser.ts';
import { memberWriter } from './member-writer.ts';

/** Unpacks an archive while it comes. */
export interface TarExtractor extends TarParser {
  /** Whether a first header was read: without one this is no archive. */
  isBegun(): boolean;
  /** The latest time of a member so far, in seconds since the epoch. */
  newest(): number;
}

/**
 * Unpacks what is pushed into an empty directory, as `memberWriter` does.
 * @throws IntegrityError `archive-escape`, `archive-link`, and what the tar parser throws
 */
export function extractTar(directory: string): TarExtractor {
  const members = memberWriter(directory);
  let isBegun = false;
  let newest = 0;
  const parser = createTarParser({
    entry(entry) {
      isBegun = true;
      newest = Math.max(newest, entry.mtime.seconds);
      members.begin(entry);
    },
    data: members.data,
    entryEnd: members.end,
  });
  return {
    push: (bytes) => parser.push(bytes),
    end() {
      members.drop();
      parser.end();
      members.finish();
    },
    isBegun: () => isBegun,
    newest: () => newest,
  };
}
