/**
 * What `strata inspect` says of an image, as `--json` prints it. docs/INSPECT.md describes every member;
 * members are added, never renamed or given another meaning, without a new `schemaVersion`.
 */
import type { ChainID, DiffID, Digest } from '../core/digest.ts';
import type { ContainerConfig } from '../oci/image-config.ts';
import type { Compression } from '../oci/media-type.ts';
import type { Finding } from '../oci/validate.ts';
import type { BaseLayers } from './layers/base.ts';
import type { ImageKind } from './open/opened-image.ts';
import type { FileCounts } from './stack-layers.ts';
import type { Efficiency } from './waste/efficiency.ts';
import type { WasteItem } from './waste/waste-item.ts';

export interface ImageReport {
  readonly schemaVersion: 1;
  readonly image: ImageIdentity;
  /** Execution parameters as the config has them. */
  readonly config: ContainerConfig;
  /** Of the manifest. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly size: ImageSize;
  readonly base: BaseLayers | null;
  readonly layers: readonly LayerReport[];
  readonly history: readonly HistoryReport[];
  readonly efficiency: Efficiency;
  readonly waste: {
    /** Content bytes that are stored and cannot be seen in the finished filesystem. */
    readonly hiddenBytes: number;
    readonly hiddenFiles: number;
    readonly items: readonly WasteItem[];
  };
  /** Claims of the image that do not hold; none for a sound image. */
  readonly findings: readonly Finding[];
}

export interface ImageIdentity {
  readonly reference: string;
  readonly kind: ImageKind;
  readonly names: readonly string[];
  /** Null for archives that have no manifest. */
  readonly manifestDigest: Digest | null;
  /** Docker's image id. */
  readonly configDigest: Digest;
  /** `os/architecture[/variant]`. */
  readonly platform: string;
  /** RFC 3339. */
  readonly created: string | null;
  readonly author: string | null;
}

/** Bytes. */
export interface ImageSize {
  /** Of the layer blobs, each counted once. */
  readonly stored: number;
  /** Of the layers' archives, uncompressed. */
  readonly tar: number;
  /** Of the files in all layers. */
  readonly content: number;
  /** Of the files in the finished filesystem, hard links counted once. */
  readonly visible: number;
}

export interface LayerReport {
  /** The lowest is 0. */
  readonly index: number;
  readonly isBase: boolean;
  readonly digest: Digest;
  readonly diffID: DiffID | null;
  readonly chainID: ChainID | null;
  readonly mediaType: string;
  readonly compression: Compression | null;
  readonly size: {
    readonly stored: number;
    readonly tar: number;
    readonly content: number;
    /** Of `content`, what a layer above hides. */
    readonly hidden: number;
  };
  /** Everything but directories. */
  readonly files: FileCounts;
  /** As the Dockerfile has it, as far as the history tells; empty when it does not. */
  readonly instruction: string;
  readonly createdBy: string | null;
  readonly created: string | null;
  /** Where it comes from, when a build of this store made it. */
  readonly source: LayerSource | null;
  /** Full names of the other images of the store that have this layer. */
  readonly sharedWith: readonly string[];
}

export interface LayerSource {
  readonly dockerfile: string;
  /** From 1 on; null when the record of the build does not have it. */
  readonly line: number | null;
  /** As the build showed it: `[build 2/5] RUN make`. */
  readonly step: string;
  /** In the last build of this image. */
  readonly result: 'cached' | 'run';
  readonly durationMs: number;
}

export interface HistoryReport {
  /** Index of the layer that the entry made; null for one that made none. */
  readonly layer: number | null;
  readonly instruction: string;
  readonly createdBy: string | null;
  readonly created: string | null;
  readonly author: string | null;
  readonly comment: string | null;
}
