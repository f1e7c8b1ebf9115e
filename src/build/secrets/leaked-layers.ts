/** Layers in which a secret was found: the error names their step, and their snapshots do not stay. */
import { StrataError } from '../../core/errors.ts';
import type { SourceText } from '../../core/source/span.ts';
import type { Vertex } from '../../plan/vertex.ts';
import type { SnapshotID, Snapshotter } from '../../snapshot/snapshotter.ts';

export interface LeakedLayers {
  /** Whose work a snapshot is. */
  madeBy(id: SnapshotID, vertex: Vertex): void;
  /** The error that packing a snapshot ended with, with its step. */
  met(id: SnapshotID, error: unknown): unknown;
  /**
   * Removes the snapshots, so that no record of the cache answers with them: a later build may have
   * another value for the secret and would not find this one. Not while steps run on them.
   */
  remove(): Promise<void>;
}

/** @param source the Dockerfile, for the place of the step */
export function openLeakedLayers(source: SourceText, snapshotter: Snapshotter): LeakedLayers {
  const makers = new Map<SnapshotID, Vertex>();
  const leaked = new Set<SnapshotID>();
  return {
    madeBy: (id, vertex) => makers.set(id, vertex),
    met(id, error) {
      if (!(error instanceof StrataError) || error.code !== 'secret-in-layer') return error;
      leaked.add(id);
      const maker = makers.get(id);
      if (maker === undefined || error.place !== undefined) return error;
      error.place = { source, span: maker.span };
      error.message = `${maker.label}: ${error.message}`;
      return error;
    },
    async remove() {
      for (const id of leaked) await snapshotter.remove(id);
      leaked.clear();
    },
  };
}
