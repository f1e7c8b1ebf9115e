/**
 * What is known of a snapshot's layer, as `layers/ID.json`: its identity and the blobs it is stored as. A
 * record is a claim about blobs; whether they are there is asked of the blob store.
 */
import { join } from 'node:path';
import type { DiffID } from '../core/digest.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { SnapshotID } from '../snapshot/snapshotter.ts';
import { type OnDamagedFile, readSealedFile, writeSealedFile } from '../sys/sealed-file.ts';

export interface LayerRecord {
  readonly diffID: DiffID;
  /** One for each compression the layer was ever stored with; the first is the oldest. */
  readonly blobs: readonly LayerBlob[];
  /** The layers that it becomes where no time in it may be later than some. */
  readonly clamped?: readonly ClampedBlob[];
}

export interface LayerBlob {
  readonly descriptor: Descriptor;
  /**
   * What compressed it (`libdeflate.so.0 level 6`): the same tar can have other bytes elsewhere. Of blobs from
   * elsewhere `pulled`, or `imported` as long as nobody has seen that a cache was right about it.
   */
  readonly writer: string;
}

/** Another layer with the same files. */
export interface ClampedBlob extends LayerBlob {
  /** No file is younger, in seconds since the epoch. */
  readonly seconds: number;
  readonly diffID: DiffID;
}

/** The record of a snapshot; one that is damaged is none. */
export function readLayerRecord(
  directory: string,
  id: SnapshotID,
  onDamage?: OnDamagedFile,
): LayerRecord | undefined {
  const text = readSealedFile(join(directory, `${id}.json`), onDamage);
  return text === undefined ? undefined : (JSON.parse(text) as LayerRecord);
}

/** The record, if it is of this layer. */
export function sameLayer(record: LayerRecord | undefined, diffID: DiffID): LayerRecord | undefined {
  return record?.diffID === diffID ? record : undefined;
}

/** Replaces the record. @throws HostError `disk-full` */
export function writeLayerRecord(directory: string, id: SnapshotID, record: LayerRecord): Promise<void> {
  return writeSealedFile(join(directory, `${id}.json`), JSON.stringify(record));
}

/**
 * The snapshot that holds the files of a layer known by its content: the same for every image that has the
 * layer, so that it is unpacked once. 60 bits of the diffID, which the record confirms.
 */
export function snapshotIDFor(diffID: DiffID): SnapshotID {
  const bits = BigInt(`0x${diffID.slice('sha256:'.length, 'sha256:'.length + 15)}`);
  return `d${bits.toString(36).padStart(12, '0')}`;
}

/** Whether a layer from elsewhere may go by an id: one that is made of a diffID is that layer's alone. */
export function mayBeCalled(id: SnapshotID, diffID: DiffID): boolean {
  return !id.startsWith('d') || id === snapshotIDFor(diffID);
}
