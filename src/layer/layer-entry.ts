import type { BytePath } from '../core/byte-path.ts';
import type { TarEntry } from '../tar/entry.ts';

/**
 * One change of a layer to be written: a member, or a deletion (image-spec, layer.md, "Whiteouts"). Deletions
 * are spelled `.wh.` only inside the codec: here a file that happens to be called `.wh.x` cannot pass for
 * one. Paths are clean and relative to the root; '' is the root itself.
 */
export type LayerEntry = LayerMember | { readonly type: 'delete'; readonly path: BytePath };

export type LayerMember = TarEntry & { readonly content?: LayerContent | undefined };

/** Where a file's bytes come from; read once, when its entry is written. */
export type LayerContent =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** Opens the file; whoever reads it closes the descriptor. Its digest, in hex, where that is known already. */
  | { readonly kind: 'file'; open(): number; readonly sha256?: string | undefined }
  | { readonly kind: 'reader'; open(): ContentReader };

/** Bytes of a file in order. Whoever opened it closes it. */
export interface ContentReader {
  /** Fills at most `length` bytes of `buffer` from `offset` on; says how many, 0 at the end. */
  read(buffer: Uint8Array, offset: number, length: number): number;
  close(): void;
}
