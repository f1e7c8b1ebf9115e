/** Why a step ran: the inputs that differ from an earlier build of it, or that there is nothing to differ from. */
import type { Digest } from '../../core/digest.ts';

export type Cause =
  /** The build was told to run it. */
  | { readonly kind: 'ignored'; readonly flag: string }
  | { readonly kind: 'never-built' }
  /** It was built before, for other platforms only. */
  | { readonly kind: 'platform'; readonly from: string; readonly to: string }
  /** It was built before with all the same inputs, and the result is not there any more. */
  | { readonly kind: 'lost' }
  /** It was run before with all the same inputs, and failed. */
  | { readonly kind: 'failed-before' }
  /** It was recorded by a version of strata that made keys in another way. */
  | { readonly kind: 'other-keys' }
  /** It was built before, and what with is not known any more. */
  | { readonly kind: 'forgotten' }
  /** What it stands on is the result of a step that ran, or of another step than before. */
  | { readonly kind: 'step'; readonly label: string; readonly ran: boolean }
  | { readonly kind: 'base'; readonly from: BaseImage; readonly to: BaseImage }
  /** A flag or setting, by the name the Dockerfile or the command line has for it; absent where there was or is none. */
  | {
      readonly kind: 'setting';
      readonly name: string;
      readonly from?: string | undefined;
      readonly to?: string | undefined;
    }
  | {
      readonly kind: 'variable';
      readonly as: 'build-arg' | 'env';
      readonly name: string;
      readonly from?: string | undefined;
      readonly to?: string | undefined;
      /** The values look secret and are not told. */
      readonly isMasked?: true;
    }
  | FilesCause;

export interface FilesCause {
  readonly kind: 'files';
  /** The stage or image they come from, when they are not the build context's. */
  readonly of?: string | undefined;
  /** The target of the mount that shows them; absent for COPY and ADD. */
  readonly mount?: string | undefined;
  readonly from: Digest;
  readonly to: Digest;
  /** The words of the instruction, which paths are shown below. */
  readonly sources: readonly string[];
  /** The first of them, in the order of the paths; absent when the files of then are not known any more. */
  readonly changes?: readonly FileChange[] | undefined;
  /** How many more there are. */
  readonly omitted?: number | undefined;
}

export interface BaseImage {
  readonly reference: string;
  readonly digest: string;
}

export interface FileChange {
  readonly path: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** Bytes of a regular file, before and now. */
  readonly sizeBefore?: number;
  readonly size?: number;
  /** What changed: `content`, `mode`, `owner`, `type`, `link`, `hard-link`, `xattrs`, `time`. */
  readonly details: readonly Detail[];
}

export interface Detail {
  readonly what: string;
  readonly from?: string;
  readonly to?: string;
}
