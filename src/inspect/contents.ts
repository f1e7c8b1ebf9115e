import type { DiffID } from '../core/digest.ts';
import { memberChecker } from '../layer/validate/check-members.ts';
import { checkDocuments, type Finding } from '../oci/validate.ts';
import type { OpenedImage } from './open/opened-image.ts';
import type { LayerTree } from './tree/layer-tree.ts';
import { readLayerTree, treeBudget } from './tree/read-layer-tree.ts';

/** What the layers of an image hold, lowest first. */
export interface ImageContents {
  readonly layers: readonly LayerTree[];
  /** Claims of the image that do not hold. */
  readonly findings: readonly Finding[];
}

export interface ReadingOptions {
  readonly hashesContent?: boolean;
  /** Trees of layers that were read already. */
  readonly known?: ReadonlyMap<DiffID, LayerTree>;
}

/**
 * Reads all layers of an image as streams. Damage is a finding, and what lies before it is there.
 * @throws HostError `zstd-missing`; what the image's source throws that is no IntegrityError
 */
export async function readContents(
  image: OpenedImage,
  { hashesContent = true, known }: ReadingOptions = {},
): Promise<ImageContents> {
  const findings: Finding[] = checkDocuments(image.manifest, image.config);
  const startLayer = memberChecker();
  const budget = treeBudget();
  const layers: LayerTree[] = [];
  for (const [index, layer] of image.manifest.layers.entries()) {
    const diffID = image.config.rootfs.diff_ids[index];
    const tree = diffID === undefined ? undefined : known?.get(diffID);
    if (tree !== undefined) {
      layers.push(tree);
      continue;
    }
    const report = (code: string, message: string) =>
      findings.push({ code, where: `layer ${index}`, message });
    const reading = {
      layer,
      diffID,
      checker: startLayer(report),
      budget,
      hashesContent,
    };
    layers.push(await readLayerTree(image.blobs, reading, report));
  }
  return { layers, findings };
}
