import type { PathId } from '../../core/tables/path-table.ts';
import type { FileId, FileTable } from './file-table.ts';

/** What one layer says, as plain data (image-spec, layer.md). */
export interface LayerTree {
  /**
   * Its members but whiteouts, in the order of the archive: the numbers from `start` up to and not with `end`. Of
   * several with one name the last counts.
   */
  readonly start: FileId;
  readonly end: FileId;
  /** Names that are deleted from the layers below. */
  readonly deleted: readonly PathId[];
  /** Directories whose content in the layers below is deleted. */
  readonly opaque: readonly PathId[];
  /** Bytes of the uncompressed archive, 0 when it could not be read. */
  readonly tarSize: number;
}

/** Content bytes of a layer's files. */
export function contentSize(files: FileTable, { start, end }: LayerTree): number {
  let size = 0;
  for (let file = start; file < end; file++) size += files.sizeOf(file);
  return size;
}
