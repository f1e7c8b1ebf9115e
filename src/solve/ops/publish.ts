/**
 * Entries that an op made (COPY, WORKDIR) become a snapshot's files, a layer blob, or both, from one
 * reading of their content: a blob where the image has the layer, files where a later step looks at them.
 */
import type { BlobStore } from '../../content/blob-store.ts';
import type { KeyDigest } from '../../core/digest.ts';
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
import { standsAlone } from '../graph.ts';
import { type EarlierCopies, wholeCopy } from './earlier-copy.ts';

export interface EntryPublisher {
  /** Puts in place what publishing will need of the filesystem below. */
  prepare(vertex: Vertex, below: Stack, signal: AbortSignal): Promise<void>;
  /**
   * Makes a snapshot of the entries; `prepare` was done.
   * @param entries gone through once
   */
  publish(
    vertex: Vertex,
    below: Stack,
    entries: Iterable<LayerEntry>,
    signal: AbortSignal,
    about?: AboutCopy,
  ): Promise<SnapshotID>;
}

/** What is known of a copy before its files are gone through. */
export interface AboutCopy {
  /** What copies have in common that are likely to have the same files; absent where nobody can tell. */
  readonly like: KeyDigest | undefined;
  readonly fileCount: number;
}

/** A directory of so many files is worth looking for a good place. */
const manyFiles = 2_000;

export interface PublishServices {
  readonly snapshotter: Snapshotter;
  readonly layers: LayerStore;
  readonly blobs: BlobStore;
  readonly earlier: EarlierCopies;
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
  const { snapshotter, layers, blobs, earlier, refused } = services;
  const known = layers.members;

  /** Undefined when the vertex's layer goes nowhere. */
  const compressionOf = (vertex: Vertex) => (services.isExported(vertex) ? services.compression : undefined);

  const checked = (entries: Iterable<LayerEntry>) =>
    refused.length === 0 ? entries : refuseContent(entries, refused);

  return {
    async prepare(vertex, below, signal) {
      // Whoever looks at the files looks at all that is below as well.
      const needsFiles = compressionOf(vertex) === undefined || services.isLookedAt(vertex);
      if (needsFiles) await layers.ensureFiles(below, signal);
    },
    async publish(vertex, below, entries, signal, { like, fileCount } = { like: undefined, fileCount: 0 }) {
      const id = snapshotter.newID();
      const compression = compressionOf(vertex);
      if (compression !== undefined && !services.isLookedAt(vertex)) {
        const listing: ListedMember[] = [];
        const listed = listEntries(checked(entries), listing);
        await layers.save(id, await packLayer(listed, blobs, { compression, signal, known }), listing);
        return id;
      }
      // What no entry may hold is looked for in all of them.
      const copy =
        like === undefined || refused.length > 0 ? wholeCopy(entries) : earlier.open(like, entries);
      const { rest, isWritten } = copy;
      const isLarge = rest === undefined && fileCount >= manyFiles;
      const active = snapshotter.prepare(below, { rest, isAlone: standsAlone(vertex), isLarge });
      try {
        const files = { upper: active.upper, places: active.places, isWritten };
        if (compression === undefined) await writeEntries(checked(copy.entries), files, signal);
        else {
          const options = { compression, signal, known, files };
          // The next step looks at the files: it does not wait for the blob.
          layers.expect(id, compression, await beginLayer(checked(copy.entries), blobs, options));
        }
        await snapshotter.commit(active, id);
        copy.published(id);
      } catch (error) {
        await snapshotter.discard(active);
        throw error;
      }
      return id;
    },
  };
}
