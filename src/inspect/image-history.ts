import type { Digest } from '../core/digest.ts';
import type { Finding } from '../oci/validate.ts';
import { readContents } from './contents.ts';
import { historyOfLayers } from './layers/layer-history.ts';
import type { OpenedImage } from './open/opened-image.ts';
import { contentSize } from './tree/layer-tree.ts';

/** One history entry with what its layer weighs. */
export interface HistoryLine {
  /** Of the config for the newest entry; older ones have no image of their own. */
  readonly id: Digest | null;
  /** RFC 3339. */
  readonly created: string | null;
  readonly createdBy: string;
  readonly comment: string;
  /** Content bytes of the layer; 0 for an entry without one. */
  readonly size: number;
}

/**
 * The history of an image, newest first. Layers are read for their sizes only.
 * @returns what is wrong with the image besides
 */
export async function readHistory(
  image: OpenedImage,
): Promise<{ readonly lines: readonly HistoryLine[]; readonly findings: readonly Finding[] }> {
  const { files, layers, findings } = await readContents(image, { hashesContent: false });
  const isComplete = historyOfLayers(image.config).every((entry) => entry !== undefined);
  let layer = 0;
  const lines = (image.config.history ?? []).map((entry): HistoryLine => {
    const tree = entry.empty_layer === true || !isComplete ? undefined : layers[layer++];
    return {
      id: null,
      created: entry.created ?? null,
      createdBy: entry.created_by ?? '',
      comment: entry.comment ?? '',
      size: tree === undefined ? 0 : contentSize(files, tree),
    };
  });
  const newest = lines.pop();
  if (newest !== undefined) lines.push({ ...newest, id: image.manifest.config.digest });
  return { lines: lines.reverse(), findings };
}
