import { createTarParser } from '../../tar/parser.ts';
import { layerUnpacker } from './layer-unpacker.ts';

/** The note of a member that is passed over. */
export const notWritten = -1;

export interface TarUnpacker {
  /**
   * Takes the next bytes of the tar.
   * @param notes of the members that begin in them, at least (those of members to come may be among them): the
   *   nanoseconds of its time, or `notWritten`
   */
  push(bytes: Uint8Array, notes: readonly number[]): void;
  /** The tar is complete. */
  finish(): void;
  /** Lets go of what is left open, as by a tar that broke off. */
  close(): void;
}

/**
 * Writes the files of a layer's tar that is just being made into an upper directory. Such a tar has whole seconds,
 * the files of a snapshot have the times of what they were copied from: the rest of them comes beside it.
 *
 * @param places of an upper that may get many files (`ActiveSnapshot.places`)
 * @throws HostError `disk-full`, `cannot-write-file`
 */
export function tarUnpacker(upper: string, places?: string): TarUnpacker {
  const unpacker = layerUnpacker(upper, places);
  let known: readonly number[] = [];
  let next = 0;
  let isWritten = true;
  const parser = createTarParser({
    entry(entry) {
      const nanoseconds = known[next++] ?? 0;
      isWritten = nanoseconds !== notWritten;
      if (isWritten) unpacker.entry({ ...entry, mtime: { seconds: entry.mtime.seconds, nanoseconds } });
    },
    data(bytes, offset) {
      if (isWritten) unpacker.data(bytes, offset);
    },
    entryEnd() {
      if (isWritten) unpacker.entryEnd();
    },
  });
  return {
    push(bytes, notes) {
      known = next < known.length ? [...known.slice(next), ...notes] : notes;
      next = 0;
      parser.push(bytes);
    },
    finish() {
      parser.end();
      unpacker.finish();
    },
    close: () => unpacker.close(),
  };
}
