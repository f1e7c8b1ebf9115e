import type { DiffID } from '../../core/digest.ts';
import type { HistoryEntry, ImageConfig } from '../../oci/image-config.ts';
import type { BaseLayers, HistoryDraft, ImageDraft } from './draft.ts';

/** One layer this build made, for one history entry that is not empty. */
export interface FinishedLayer {
  readonly diffID: DiffID;
  /** When it was made, in milliseconds since 1970; a cache hit keeps the first time. */
  readonly createdAt: number;
}

/**
 * The image's config document (spec 7.1, 7.3). SOURCE_DATE_EPOCH is the time of what this build adds: what the base
 * says of itself stays.
 * @param layers the new layers in the order of the draft's entries that are not empty, one for each
 */
export function finishConfig(draft: ImageDraft, layers: readonly FinishedLayer[]): ImageConfig {
  const { platform, base, epochSeconds } = draft;
  const epoch = epochSeconds === undefined ? undefined : goTime(epochSeconds * 1000);
  const old = base === undefined ? [] : baseHistory(base);
  const history = [
    ...old,
    ...newHistory(draft.history, layers, old.findLast((entry) => entry.created)?.created, epoch),
  ];
  const created = history.findLast((entry) => entry.created)?.created ?? epoch;
  return {
    ...(created === undefined ? {} : { created }),
    ...(draft.author === undefined ? {} : { author: draft.author }),
    architecture: platform.architecture,
    os: platform.os,
    ...(platform.osVersion === undefined ? {} : { 'os.version': platform.osVersion }),
    ...(draft.osFeatures === undefined ? {} : { 'os.features': draft.osFeatures }),
    ...(platform.variant === undefined ? {} : { variant: platform.variant }),
    config: draft.config,
    rootfs: { type: 'layers', diff_ids: [...(base?.diffIDs ?? []), ...layers.map(({ diffID }) => diffID)] },
    ...(history.length === 0 ? {} : { history }),
  };
}

/** Exactly one entry that is not empty for each layer: missing ones are added, surplus ones become empty (spec 7.1). */
function baseHistory({ diffIDs, history, created }: BaseLayers): HistoryEntry[] {
  let layers = 0;
  const kept = history.map((entry) => {
    if (entry.empty_layer === true) return entry;
    layers++;
    return layers > diffIDs.length ? { ...entry, empty_layer: true } : entry;
  });
  const filler = { ...(created === undefined ? {} : { created }), comment: 'buildkit.exporter.image.v0' };
  const missing = Math.max(0, diffIDs.length - layers);
  return [...kept, ...Array.from({ length: missing }, () => filler)];
}

/** Entries without a layer take a neighbour's time, so that a cached rebuild writes the same config (spec 7.3). */
function newHistory(
  drafts: readonly HistoryDraft[],
  layers: readonly FinishedLayer[],
  baseTime: string | undefined,
  epoch: string | undefined,
): HistoryEntry[] {
  const times = layers.map(({ createdAt }) => goTime(createdAt));
  let seen = 0;
  return drafts.map(({ createdBy, comment, isEmptyLayer }) => {
    if (!isEmptyLayer) seen++;
    const created = epoch ?? times[Math.max(0, seen - 1)] ?? baseTime;
    return {
      ...(created === undefined ? {} : { created }),
      created_by: createdBy,
      comment,
      ...(isEmptyLayer ? { empty_layer: true } : {}),
    };
  });
}

/** RFC 3339 as Go prints it: no fraction of a second that is all zeros. */
function goTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.?0*Z$/, 'Z');
}
