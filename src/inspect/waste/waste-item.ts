export type WasteKind =
  /** Deleted by a later layer: the bytes stay in the image. */
  | 'deleted'
  /** Replaced by a later layer. */
  | 'overwritten'
  /** Stored again by a later layer with the same content, for another mode, owner or time. */
  | 'copied'
  /** The same content under another name in a later layer. */
  | 'duplicate'
  /** Needed by nobody in a finished image: a cache, a history. */
  | 'left-behind';

/** Bytes that need not be in the image, and what to do about them. */
export interface WasteItem {
  readonly kind: WasteKind;
  /** One line for people, without the bytes. */
  readonly title: string;
  readonly bytes: number;
  readonly files: number;
  /** Index of the layer that stores them, or whose instruction brought what is there twice or was left behind. */
  readonly layer: number;
  /** Index of the layer that hides them, or of the one that has the same content; null for what is left behind. */
  readonly otherLayer: number | null;
  /** Where the bytes are, largest first; directories stand for what lies in them. */
  readonly places: readonly WastePlace[];
  /** Whether only the base image's layers are concerned: the Dockerfile cannot change that. */
  readonly isInBase: boolean;
  readonly suggestion: string;
}

export interface WastePlace {
  /** As people read it: absolute, UTF-8. */
  readonly path: string;
  readonly bytes: number;
}
