import { createTarParser } from '../../tar/parser.ts';
import { layerUnpacker } from './layer-unpacker.ts';

export interface TarUnpacker {
  /**
   * Takes the next bytes of the tar.
   * @param nanoseconds of the times of the members that begin in them, at least: those of members to come may be among
   *   them
   */
  push(bytes: Uint8Array, nanoseconds: readonly number[]): void;
  /** The tar is complete. */
  finish(): void;
  /** Lets go of what a tar that broke off left open. */
  close(): void;
}

/**
 * Writes the files of a layer's tar that is just being made into an upper directory. Such a tar has whole seconds,
 * the files of a snapshot have the times of what they were copied from: the rest of them comes beside it.
 *
 * @throws HostError `disk-full`, `cannot-write-file`
 */
export function tarUnpacker(upper: string): TarUnpacker {
  const unpacker = layerUnpacker(upper);
  let fractions: readonly number[] = [];
  let next = 0;
  const parser = createTarParser({
    ...unpacker,
    entry(entry) {
      const nanoseconds = fractions[next++] ?? 0;
      unpacker.entry({ ...entry, mtime: { seconds: entry.mtime.seconds, nanoseconds } });
    },
  });
  return {
    push(bytes, nanoseconds) {
      fractions = next < fractions.length ? [...fractions.slice(next), ...nanoseconds] : nanoseconds;
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
