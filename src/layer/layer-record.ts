/**
 * What is known of a snapshot's layer, as `layers/ID.json`: its identity and the blobs it is stored as. A
 * record is a claim about blobs; whether they are there is asked of the blob store.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DiffID } from '../core/digest.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { SnapshotID } from '../snapshot/snapshotter.ts';
import { writeFileAtomic } from '../sys/atomic-file.ts';

export interface LayerRecord {
  readonly diffID: DiffID;
  /** Bytes of the uncompressed tar; absent for layers that were pulled and never read. */
  readonly tarSize?: number;
  /** One for each compression the layer was ever stored with; the first is the oldest. */
  readonly blobs: readonly LayerBlob[];
}

export interface LayerBlob {
  readonly descriptor: Descriptor;
  /** What compressed it (`libdeflate 1.14 level 6`), or `pulled`: the same tar can have other bytes elsewhere. */
  readonly writer: string;
}

/** The record of a snapshot; a file that does not read as one is none. */
export function readLayerRecord(directory: string, id: SnapshotID): LayerRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(join(directory, `${id}.json`), 'utf8')) as LayerRecord;
    return Array.isArray(record.blobs) && typeof record.diffID === 'string' ? record : undefined;
  } catch {
    return undefined;
  }
}

export function writeLayerRecord(directory: string, id: SnapshotID, record: LayerRecord): Promise<void> {
  return writeFileAtomic(join(directory, `${id}.json`), `${JSON.stringify(record)}\n`);
}

/**
 * The snapshot that holds the files of a layer known by its content: the same for every image that has the
 * layer, so that it is unpacked once. 60 bits of the diffID, which the record confirms.
 */
export function snapshotIDFor(diffID: DiffID): SnapshotID {
  const bits = BigInt(`0x${diffID.slice('sha256:'.length, 'sha256:'.length + 15)}`);
  return `d${bits.toString(36).padStart(12, '0')}`;
}
