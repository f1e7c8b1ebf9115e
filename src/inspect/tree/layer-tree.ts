import type { BytePath } from '../../core/byte-path.ts';
import type { TarEntry } from '../../tar/entry.ts';

/** A member of a layer that is a file, a directory, a link … itself: its path is clean, '' is the root. */
export type LayerFile = TarEntry & {
  /** Of a regular file's content: 64 hex digits. Undefined for others, and for a file of holes too large to hash. */
  readonly content?: string;
  /** A directory that no layer has, made because something lies in it. */
  readonly isImplied?: true;
};

/** What one layer says, as plain data (image-spec, layer.md). */
export interface LayerTree {
  /** In the order of the archive; of several with one name the last counts. */
  readonly files: readonly LayerFile[];
  /** Names that are deleted from the layers below. */
  readonly deleted: readonly BytePath[];
  /** Directories whose content in the layers below is deleted. */
  readonly opaque: readonly BytePath[];
  /** Bytes of the uncompressed archive, 0 when it could not be read. */
  readonly tarSize: number;
}
