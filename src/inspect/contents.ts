import type { DiffID } from '../core/digest.ts';
import { memberChecker } from '../layer/validate/check-members.ts';
import { checkDocuments, type Finding } from '../oci/validate.ts';
import type { OpenedImage } from './open/opened-image.ts';
import { type FileTable, fileTable } from './tree/file-table.ts';
import type { LayerTree } from './tree/layer-tree.ts';
import { readLayerTree } from './tree/read-layer-tree.ts';
import { treeBudget } from './tree/tree-budget.ts';

/** What the layers of an image hold, lowest first. */
export interface ImageContents {
  /** What the layers' files are numbers of. */
  readonly files: FileTable;
  readonly layers: readonly LayerTree[];
  /** Claims of the image that do not hold. */
  readonly findings: readonly Finding[];
}

export interface ReadingOptions {
  readonly hashesContent?: boolean;
  /** Takes up the files; with those of another image in it, both can be compared. */
  readonly files?: FileTable;
  /** Layers whose files it has already. */
  readonly known?: ReadonlyMap<DiffID, LayerTree>;
}

/**
 * Reads all layers of an image as streams. Damage is a finding, and what lies before it is there.
 * @throws HostError `zstd-missing`; IntegrityError `image-too-many-files`; what the image's source throws that is no
 * IntegrityError
 */
export async function readContents(
  image: OpenedImage,
  { hashesContent = true, files = fileTable(), known = new Map() }: ReadingOptions = {},
): Promise<ImageContents> {
  const findings: Finding[] = checkDocuments(image.manifest, image.config);
  const members = memberChecker(files.paths);
  const budget = treeBudget();
  const layers: LayerTree[] = [];
  for (const [index, layer] of image.manifest.layers.entries()) {
    const diffID = image.config.rootfs.diff_ids[index];
    const tree = diffID === undefined ? undefined : known.get(diffID);
    // An image that has a layer twice has its files twice.
    if (tree !== undefined && !layers.includes(tree)) {
      for (let file = tree.start; file < tree.end; file++) members.know(files.pathOf(file));
      layers.push(tree);
      continue;
    }
    const report = (code: string, message: string) =>
      findings.push({ code, where: `layer ${index}`, message });
    const checker = members.startLayer(report);
    const reading = { layer, diffID, checker, budget, files, hashesContent };
    layers.push(await readLayerTree(image.blobs, reading, report));
  }
  return { files, layers, findings };
}
