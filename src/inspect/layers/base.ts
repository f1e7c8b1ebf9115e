import type { DiffID } from '../../core/digest.ts';
import { StrataError } from '../../core/errors.ts';
import type { HistoryEntry } from '../../oci/image-config.ts';
import { parseReference } from '../../registry/reference.ts';
import type { CatalogImage } from '../catalog.ts';
import type { OpenedImage } from '../open/opened-image.ts';
import { historyOfLayers } from './layer-history.ts';

/** The layers that were there before the Dockerfile of this image began. */
export interface BaseLayers {
  /** How many, from the lowest on. */
  readonly count: number;
  /**
   * Who says so: `store`: they are all layers of an image the store knows; `build`: the record of the build, whose
   * steps made the others; `history`: a builder's comment begins behind them.
   */
  readonly knownBy: 'store' | 'build' | 'history';
  /** Of that image in the store, else null. */
  readonly name: string | null;
}

/** What the record of an image's build says of its layers. */
export interface RecordedLayers {
  /** How many the build made, counted from the top. */
  readonly built: number;
  /** The image below them as FROM named it, in full; undefined on scratch. */
  readonly base: string | undefined;
}

/** What builders that follow BuildKit write beside the entries of one build. */
const buildComment = 'buildkit.dockerfile.v0';

/**
 * Finds the base: of all images of the store whose layers and history are the beginning of this one's, the one
 * with the most layers; else what lies below the first history entry of a BuildKit-like build. A base that was
 * built the same way itself is found by the store only. Other tags of the image's own repository are no bases:
 * they are the same Dockerfile at another time. Nor is an image that has a layer which the build of this one made:
 * it is another Dockerfile with the same beginning.
 *
 * Of several names of the base it is the one that stood in FROM, where the record of the build says that.
 *
 * @param recorded undefined without a record
 */
export function findBase(
  { config, names }: Pick<OpenedImage, 'config' | 'names'>,
  catalog: readonly CatalogImage[],
  recorded: RecordedLayers | undefined,
): BaseLayers | undefined {
  const { diff_ids: diffIDs } = config.rootfs;
  const below = recorded === undefined ? undefined : diffIDs.length - recorded.built;
  const isFrom = (name: string) => name === recorded?.base?.replace(/@.*$/, '');
  const own = new Set(names.map(repositoryOf));
  const stored = catalog
    .filter((image) => image.diffIDs.length > 0 && image.diffIDs.length < diffIDs.length)
    .filter((image) => below === undefined || image.diffIDs.length === below)
    .filter((image) => !image.names.some((name) => own.has(repositoryOf(name))))
    .filter((image) => startsWith(diffIDs, image.diffIDs) && isHistoryOf(image.history, config.history ?? []))
    .sort(
      (a, b) =>
        b.diffIDs.length - a.diffIDs.length || Number(b.names.some(isFrom)) - Number(a.names.some(isFrom)),
    )[0];
  if (stored !== undefined) {
    const name = stored.names.find(isFrom) ?? stored.names[0] ?? null;
    return { count: stored.diffIDs.length, knownBy: 'store', name };
  }
  if (below !== undefined) return below > 0 ? { count: below, knownBy: 'build', name: null } : undefined;
  const count = historyOfLayers(config).findIndex((entry) => entry?.comment === buildComment);
  return count > 0 ? { count, knownBy: 'history', name: null } : undefined;
}

function startsWith(whole: readonly DiffID[], start: readonly DiffID[]): boolean {
  return start.every((diffID, index) => whole[index] === diffID);
}

/** Times may have been changed by a build that pins them. */
function isHistoryOf(start: readonly HistoryEntry[], whole: readonly HistoryEntry[]): boolean {
  return start.every((entry, index) => whole[index]?.created_by === entry.created_by);
}

/** Names of archives may be anything. */
function repositoryOf(name: string): string {
  try {
    const { registry, repository } = parseReference(name);
    return `${registry}/${repository}`;
  } catch (error) {
    if (error instanceof StrataError) return name;
    throw error;
  }
}
