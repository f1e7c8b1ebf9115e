/** What a page is given: plain data in the page itself. */
import type { BuildReport } from '../../build/record/build-report.ts';
import type { FileDifference } from '../../inspect/diff/compare-files.ts';
import type { ImageComparison } from '../../inspect/diff/compare-images.ts';
import type { ImageReport } from '../../inspect/report.ts';

export interface PageData {
  /** `strata 0.1.0`. */
  readonly madeBy: string;
  readonly subject: PageSubject;
}

export type PageSubject =
  | { readonly kind: 'image'; readonly image: PageImage }
  | {
      readonly kind: 'comparison';
      readonly a: PageImage;
      readonly b: PageImage;
      readonly comparison: ImageComparison;
      readonly differences: readonly FileDifference[];
    }
  | {
      readonly kind: 'build';
      readonly build: BuildReport;
      /** What it built, as far as it is still in the store. */
      readonly images: readonly PageImage[];
    };

export interface PageImage {
  readonly report: ImageReport;
  readonly files: FileColumns;
}

/** All that the layers store and remove, in columns: a page of 50,000 files stays small. */
export interface FileColumns {
  /** Directories and files by their names; the parent of each comes before it, the first is the root. */
  readonly names: readonly string[];
  readonly parents: readonly number[];
  /** Index into `names`, one for each member of each layer. */
  readonly node: readonly number[];
  readonly layer: readonly number[];
  /** A letter each, as `ls -l` has it; `h` is a hard link. */
  readonly type: string;
  /** What the layer did: `+` added, `~` changed, `-` removed, blank for a directory it only touched and a file it has again. */
  readonly change: string;
  readonly mode: readonly number[];
  readonly owner: readonly string[];
  readonly size: readonly number[];
  /** Index of the layer that hides it, -1 for what is seen in the finished filesystem. */
  readonly hiddenBy: readonly number[];
}
