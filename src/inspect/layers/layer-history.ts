import type { HistoryEntry, ImageConfig } from '../../oci/image-config.ts';

/**
 * The history entry that made each layer, lowest first (image-spec, config.md, "history"). A history that does
 * not account for every layer says nothing about any.
 */
export function historyOfLayers({ history = [], rootfs }: ImageConfig): (HistoryEntry | undefined)[] {
  const made = history.filter((entry) => entry.empty_layer !== true);
  return rootfs.diff_ids.map((_, index) =>
    made.length === rootfs.diff_ids.length ? made[index] : undefined,
  );
}
