import type { StackLayer, StepRecord } from '../../cache/step-cache.ts';
import { IntegrityError } from '../../core/errors.ts';
import type { Compression } from '../../layer/compression.ts';
import type { StoredLayer } from '../../oci/descriptor.ts';
import { layerCompression } from '../../oci/media-type.ts';
import type { SnapshotID } from '../../snapshot/snapshotter.ts';
import type { CacheSpec } from '../options.ts';
import type { BuildSession } from '../session.ts';

type Attributes = CacheSpec['attributes'];

/** How layers are compressed that have no blob yet. */
export function compressionOf({ compression, 'compression-level': level }: Attributes): Compression {
  const algorithm = compression === 'zstd' || compression === 'uncompressed' ? compression : 'gzip';
  return level === undefined ? { algorithm } : { algorithm, level: Number(level) };
}

/**
 * The layers a record names above its base, packed where they are not yet, and compressed anew where that is
 * forced.
 * @param whole the filesystem the step left in this build: what a record that stands alone was packed on
 * @returns undefined when one is lost
 */
export async function gatherLayers(
  session: BuildSession,
  record: StepRecord,
  whole: readonly SnapshotID[],
  attributes: Attributes,
): Promise<ReadonlyMap<SnapshotID, StoredLayer> | undefined> {
  const { layers } = session.store;
  const compression = compressionOf(attributes);
  const found = new Map<SnapshotID, StoredLayer>();
  for (const [index, { snapshot, createdAt }] of record.stack.entries()) {
    if (createdAt === undefined) continue;
    const known = knownLayer(session, snapshot);
    if (known !== undefined) {
      found.set(snapshot, await asWanted(session, snapshot, known, attributes));
      continue;
    }
    const stack = record.standsAlone ? whole : record.stack.slice(0, index + 1).map(snapshotOf);
    try {
      found.set(snapshot, await layers.ensureBlob(stack, compression, session.io.signal));
    } catch (error) {
      if (error instanceof IntegrityError && error.code === 'snapshot-lost') return undefined;
      throw error;
    }
  }
  return found;
}

function snapshotOf({ snapshot }: StackLayer): SnapshotID {
  return snapshot;
}

/** The layer as the store has it, or else an import. */
function knownLayer({ store, imports }: BuildSession, snapshot: SnapshotID): StoredLayer | undefined {
  return store.layers.findBlob(snapshot) ?? imports.all().flatMap((each) => each.layer(snapshot) ?? [])[0];
}

async function asWanted(
  { store, io }: BuildSession,
  snapshot: SnapshotID,
  known: StoredLayer,
  attributes: Attributes,
): Promise<StoredLayer> {
  const compression = compressionOf(attributes);
  const isOther = layerCompression(known.descriptor.mediaType) !== compression.algorithm;
  if (attributes['force-compression'] !== 'true' || !isOther) return known;
  return store.layers.recompress(snapshot, known, compression, io.signal);
}
