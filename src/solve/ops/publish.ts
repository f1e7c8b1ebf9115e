/**
 * Entries that an op made (COPY, WORKDIR) become a snapshot's files, a layer blob, or both, from one
 * reading of their content: a blob where the image has the layer, files where a later step looks at them.
 */
import type { BlobStore } from '../../content/blob-store.ts';
import type { Compression } from '../../layer/compression.ts';
import type { LayerEntry } from '../../layer/layer-entry.ts';
import type { LayerStore } from '../../layer/layer-store.ts';
import { listEntries } from '../../layer/listing/layer-lister.ts';
import type { ListedMember } from '../../layer/listing/layer-listing.ts';
import { beginLayer, packLayer } from '../../layer/pack.ts';
import { type RefusedContent, refuseContent } from '../../layer/refuse-content.ts';
import { writeEntries } from '../../layer/write-entries.ts';
import type { Vertex } from '../../plan/vertex.ts';
import type { SnapshotID, Snapshotter, Stack } from '../../snapshot/snapshotter.ts';

export interface EntryPublisher {
  /** Puts in place what publishing will need of the filesystem below. */
  prepare(vertex: Vertex, below: Stack, signal: AbortSignal): Promise<void>;
  /** Makes a snapshot of the entries; `prepare` was done. */
  publish(
    vertex: Vertex,
    below: Stack,
    entries: Iterable<LayerEntry>,
    signal: AbortSignal,
  ): Promise<SnapshotID>;
}

export interface PublishServices {
  readonly snapshotter: Snapshotter;
  readonly layers: LayerStore;
  readonly blobs: BlobStore;
  /** Absent when nothing is exported. */
  readonly compression: Compression | undefined;
  /** What no entry may hold. */
  readonly refused: readonly RefusedContent[];
  /** Whether the image that is built has this vertex's layer. */
  isExported(vertex: Vertex): boolean;
  /** Whether any other vertex reads content of the files this one leaves. */
  isLookedAt(vertex: Vertex): boolean;
}

/**
 * Makes what a COPY or WORKDIR places a snapshot: as files, as a layer, or as both in one reading, as later steps and
 * the outputs want it.
 */
export function entryPublisher(services: PublishServices): EntryPublisher {
  const { snapshotter, layers, blobs, refused } = services;
  const known = layers.members;

  /** Undefined when the vertex's layer goes nowhere. */
  const compressionOf = (vertex: Vertex) => (services.isExported(vertex) ? services.compression : undefined);

  return {
    async prepare(vertex, below, signal) {
      // Whoever looks at the files looks at all that is below as well.
      const needsFiles = compressionOf(vertex) === undefined || services.isLookedAt(vertex);
      if (needsFiles) await layers.ensureFiles(below, signal);
    },
    async publish(vertex, below, given, signal) {
      const entries = refused.length === 0 ? given : refuseContent(given, refused);
      const id = snapshotter.newID();
      const compression = compressionOf(vertex);
      if (compression !== undefined && !services.isLookedAt(vertex)) {
        const listing: ListedMember[] = [];
        const packed = await packLayer(listEntries(entries, listing), blobs, { compression, signal, known });
        await layers.save(id, packed, listing);
        return id;
      }
      const active = snapshotter.prepare(below);
      try {
        if (compression === undefined) await writeEntries(entries, active.upper, signal);
        else {
          const { upper } = active;
          // The next step looks at the files: it does not wait for the blob.
          layers.expect(
            id,
            compression,
            await beginLayer(entries, blobs, { compression, signal, known, upper }),
          );
        }
        await snapshotter.commit(active, id);
      } catch (error) {
        await snapshotter.discard(active);
        throw error;
      }
      return id;
    },
  };
}
