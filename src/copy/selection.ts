/**
 * What the sources of one COPY or ADD come to: files of a tree, by the place each will have below the
 * destination. Selecting reads no content; digesting and placing do.
 */
import type { BytePath } from '../core/byte-path.ts';
import type { FileStat, FileTree } from '../core/file-tree.ts';

export interface SelectRequest {
  /** Expanded, otherwise as written. */
  readonly sources: readonly string[];
  /** Whether `*`, `?` and `[` in a source mean themselves. */
  readonly isLiteral?: boolean;
  readonly keepsParents: boolean;
  readonly excludes: readonly string[];
  readonly heredocs: readonly Heredoc[];
}

interface Heredoc {
  readonly name: string;
  /** Expanded. */
  readonly content: string;
}

export interface Selection<Source = SelectedSource> {
  /** In the order in which they are placed; a wildcard gives one for each match. */
  readonly sources: readonly Source[];
  /** Placed after all others. */
  readonly heredocs: readonly Heredoc[];
}

export type SelectedSource =
  | {
      readonly kind: 'file';
      readonly tree: FileTree;
      /** Index of the source argument. */
      readonly argument: number;
      /** Its name inside a destination directory: that of the link when one was followed. */
      readonly name: BytePath;
      readonly file: SelectedFile;
      /** From a URL: its time is part of the cache key, and it is unpacked only when ADD says so. */
      readonly isDownload?: boolean;
    }
  | {
      readonly kind: 'directory';
      readonly tree: FileTree;
      readonly argument: number;
      /** The directory whose contents are taken; absent if `--parents` selected nothing that exists. */
      readonly top?: FileStat;
      /** Everything below it that is taken, parents before children, in byte order within a directory. */
      readonly files: readonly SelectedFile[];
    };

export interface SelectedFile {
  /** In the source's tree. */
  readonly path: BytePath;
  /** Relative to where the source lands; '' for a file source. */
  readonly to: BytePath;
  readonly stat: FileStat;
  /** A directory that was not selected itself, only something below it. */
  readonly isPassage: boolean;
}

/** Told of files as they are selected, while others are still looked for. */
export type OnFound = (tree: FileTree, file: SelectedFile) => void;
