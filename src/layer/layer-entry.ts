import type { TarEntry } from '../tar/entry.ts';

/**
 * One member of a layer to be written: a tar entry whose path is clean and relative to the root, or a
 * whiteout (image-spec, layer.md, "Whiteouts"). Whiteouts are spelled `.wh.` only inside the codec:
 * here a deletion is a deletion, so a file that happens to be called `.wh.x` cannot pass for one.
 */
export type LayerEntry =
  | (TarEntry & { readonly content?: LayerContent })
  | { readonly type: 'delete'; readonly path: string };

/** Where a file's bytes come from; read once, when its entry is written. */
export type LayerContent =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** Opens the file; whoever reads it closes the descriptor. */
  | { readonly kind: 'file'; open(): number };
