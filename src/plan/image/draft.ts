import type { DiffID } from '../../core/digest.ts';
import type { Platform } from '../../core/platform.ts';
import type { ContainerConfig, HistoryEntry } from '../../oci/image-config.ts';
import type { VertexID } from '../vertex.ts';

/** What the image's config needs besides the layers this build makes (spec 7.1 to 7.3). */
export interface ImageDraft {
  readonly platform: Platform;
  readonly osFeatures?: readonly string[];
  readonly author?: string;
  readonly config: ContainerConfig;
  /** The image underneath; undefined on scratch. */
  readonly base?: BaseLayers;
  /** What this build adds, in order. */
  readonly history: readonly HistoryDraft[];
  /** SOURCE_DATE_EPOCH, in seconds. */
  readonly epochSeconds?: number;
}

export interface BaseLayers {
  readonly vertex: VertexID;
  readonly diffIDs: readonly DiffID[];
  readonly history: readonly HistoryEntry[];
  readonly created?: string;
}

export interface HistoryDraft {
  readonly createdBy: string;
  readonly comment: string;
  readonly isEmptyLayer: boolean;
  /** The vertex whose change is the layer; absent for an empty one. */
  readonly vertex?: VertexID;
}
