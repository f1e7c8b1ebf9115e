import type { DiffID } from '../../core/digest.ts';
import type { Finding } from '../../oci/validate.ts';
import { readContents } from '../contents.ts';
import { describeContents, type Inspection, type StoreKnowledge } from '../inspect-image.ts';
import type { OpenedImage } from '../open/opened-image.ts';
import type { ImageIdentity } from '../report.ts';
import type { LayerTree } from '../tree/layer-tree.ts';
import { compareConfigs, type FieldDifference } from './compare-config.ts';
import { compareFiles, type FileDifference } from './compare-files.ts';
import { compareLayers, type LayerComparison } from './compare-layers.ts';
import { findReasons, type Reason } from './find-reasons.ts';

/** What `strata diff --json` prints but for the single files; the rules of ImageReport hold for it too. */
export interface ImageComparison {
  readonly schemaVersion: 1;
  readonly a: ImageIdentity;
  readonly b: ImageIdentity;
  /** Whether both are one image by their id: the same config, hence the same layers by content. */
  readonly isSame: boolean;
  /** Why they are not the same, the graver first; none for one image. */
  readonly reasons: readonly Reason[];
  readonly layers: LayerComparison;
  /** Of the finished filesystems. */
  readonly files: {
    readonly added: number;
    readonly removed: number;
    readonly changed: number;
  };
  /** Fields of config and manifest. */
  readonly config: readonly FieldDifference[];
  readonly findings: { readonly a: readonly Finding[]; readonly b: readonly Finding[] };
}

/** Both images with what their layers hold: a page shows them beside each other. */
export interface ComparedImages {
  readonly comparison: ImageComparison;
  /** The `files.list` of `--json`, read anew each time. */
  readonly differences: Iterable<FileDifference>;
  readonly a: Inspection;
  readonly b: Inspection;
}

/** Compares two images. A layer that both have is read once. @throws what `inspectImage` throws */
export async function compareImages(
  imageA: OpenedImage,
  imageB: OpenedImage,
  known: StoreKnowledge,
): Promise<ComparedImages> {
  const contentsA = await readContents(imageA);
  const damaged = new Set(contentsA.findings.map(({ where }) => where));
  const sound = contentsA.layers.flatMap((tree, index): [DiffID, LayerTree][] => {
    const diffID = imageA.config.rootfs.diff_ids[index];
    return diffID === undefined || damaged.has(`layer ${index}`) ? [] : [[diffID, tree]];
  });
  const contentsB = await readContents(imageB, { files: contentsA.files, known: new Map(sound) });
  const a = describeContents(imageA, contentsA, known);
  const b = describeContents(imageB, contentsB, known);
  const { tally, differences } = compareFiles(a.stack, b.stack);
  const { added, removed, changed } = tally;
  const isSame = imageA.manifest.config.digest === imageB.manifest.config.digest;
  const config = compareConfigs(imageA, imageB);
  const layers = compareLayers(
    { layers: a.report.layers, stack: a.stack },
    { layers: b.report.layers, stack: b.stack },
  );
  const bases = { baseA: a.report.base, baseB: b.report.base };
  const comparison: ImageComparison = {
    schemaVersion: 1,
    a: a.report.image,
    b: b.report.image,
    isSame,
    reasons: isSame ? [] : findReasons({ ...bases, layers, files: tally, config }),
    layers,
    files: { added, removed, changed },
    config,
    findings: { a: contentsA.findings, b: contentsB.findings },
  };
  return { comparison, differences, a, b };
}
