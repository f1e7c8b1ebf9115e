import { memberChecker } from '../layer/validate/check-members.ts';
import type { Finding } from '../oci/validate.ts';
import { checkDocuments } from '../oci/validate.ts';
import type { OpenedImage } from './open/opened-image.ts';
import type { LayerTree } from './tree/layer-tree.ts';
import { readLayerTree, treeBudget } from './tree/read-layer-tree.ts';

/** What the layers of an image hold, lowest first. */
export interface ImageContents {
  readonly layers: readonly LayerTree[];
  /** Claims of the image that do not hold. */
  readonly findings: readonly Finding[];
}

/**
 * Reads all layers of an image as streams. Damage is a finding, and what lies before it is there.
 * @throws HostError `zstd-missing`; what the image's source throws that is no IntegrityError
 */
export async function readContents(
  image: OpenedImage,
  { hashesContent = true }: { readonly hashesContent?: boolean } = {},
): Promise<ImageContents> {
  const findings: Finding[] = checkDocuments(image.manifest, image.config);
  const startLayer = memberChecker();
  const budget = treeBudget();
  const layers: LayerTree[] = [];
  for (const [index, layer] of image.manifest.layers.entries()) {
    const report = (code: string, message: string) =>
      findings.push({ code, where: `layer ${index}`, message });
    const reading = {
      layer,
      diffID: image.config.rootfs.diff_ids[index],
      checker: startLayer(report),
      budget,
      hashesContent,
    };
    layers.push(await readLayerTree(image.blobs, reading, report));
  }
  return { layers, findings };
}
