/**
 * The base images of one build: found once each, whatever asks for them, and their layers fetched when
 * somebody needs the bytes.
 */
import { assert } from '../../core/assert.ts';
import type { BlobDigest } from '../../core/digest.ts';
import type { Reference } from '../../core/image-reference.ts';
import { normalizePlatform, type Platform } from '../../core/platform.ts';
import { traced } from '../../core/trace.ts';
import { asStep, type StepWorld } from '../../export/as-step.ts';
import type { LayerStore } from '../../layer/layer-store.ts';
import type { UnpackWatcher } from '../../layer/store/files-of-layers.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { BaseResolver, ResolvedBase } from '../../plan/resolver.ts';
import type { ImageOp, Vertex, VertexID } from '../../plan/vertex.ts';
import { parseReference } from '../../registry/reference.ts';
import type { SnapshotID } from '../../snapshot/snapshotter.ts';
import { type Bringing, createBaseSteps } from './base-steps.ts';
import type { FoundImage } from './image-source.ts';
import { type Base, baseKey, createKnownBases, type Supplier } from './known-bases.ts';

export interface Bases extends BaseResolver, UnpackWatcher {
  /** A base that planning resolved. */
  of(op: ImageOp): Base;
  /** Whether some base of this build has the snapshot: it can then be fetched. */
  provides(snapshot: SnapshotID): boolean;
  /**
   * Shows the plan's bases as their own steps: those that are all here at once, others when they are fetched
   * or unpacked.
   * @param read the vertices whose files somebody reads
   */
  showAs(vertices: Iterable<Vertex>, read: ReadonlySet<VertexID>): void;
  /** Whether a blob belongs to a base of this build. */
  canFetch(descriptor: Descriptor): boolean;
  /** The repository that a blob of a base comes from; undefined when it is no registry's. */
  repositoryOf(descriptor: Descriptor): Reference | undefined;
  /** Gets a blob of any base of this build. */
  fetch(descriptor: Descriptor, signal: AbortSignal): Promise<void>;
  /** Ends the steps of the bases that are still shown: nothing was fetched of some of them. */
  finish(): void;
}

export interface BaseServices extends StepWorld {
  find(reference: string, platform: Platform): Promise<FoundImage>;
  /** The whole name of an image, for people. */
  nameOf(reference: string): string;
  readonly layers: LayerStore;
}

/** The base images of one build: each is resolved once and fetched when somebody needs its bytes. */
export function openBases(services: BaseServices): Bases {
  const known = createKnownBases(services.layers);
  const steps = createBaseSteps(services);
  const resolving = new Map<string, Promise<ResolvedBase>>();
  const fetching = new Map<BlobDigest, Promise<void>>();

  async function resolve(reference: string, platform: Platform): Promise<ResolvedBase> {
    const found = await traced('resolve base', () => services.find(reference, platform));
    const { architecture, os, variant } = found.config;
    const own = normalizePlatform({ os, architecture, variant });
    await known.add(baseKey(found.reference, own), found);
    return { reference: found.reference, config: found.config, platform: own };
  }

  async function fetchLayer({ found, key }: Supplier, blob: Descriptor, signal: AbortSignal): Promise<void> {
    const layer = { name: blob.digest, total: blob.size };
    steps.begin(key, layer);
    await found.fetchLayer(blob, signal, (bytes) => steps.moved(key, layer, bytes));
    steps.done(key, layer);
  }

  function baseOf({ reference, platform }: ImageOp): Base {
    const base = known.get(baseKey(reference, platform));
    assert(base !== undefined, `the base ${reference} was resolved when the build was planned`);
    return base;
  }

  return {
    resolveBase(reference, platform) {
      const question = baseKey(reference, platform);
      let answer = resolving.get(question);
      if (answer === undefined) {
        const id = `internal/metadata/${reference}`;
        const label = `[internal] load metadata for ${services.nameOf(reference)}`;
        answer = asStep({ id, label }, services, () => resolve(reference, platform));
        resolving.set(question, answer);
      }
      return answer;
    },
    of: baseOf,
    provides: (snapshot) => known.ownerOf(snapshot) !== undefined,
    canFetch: (blob) => known.supplierOf(blob) !== undefined,
    repositoryOf(blob) {
      const name = known.supplierOf(blob)?.found.reference;
      return name === undefined || name.includes('://') ? undefined : parseReference(name);
    },
    fetch(blob, signal) {
      let work = fetching.get(blob.digest);
      if (work === undefined) {
        const supplier = known.supplierOf(blob);
        assert(supplier !== undefined, `some base of the build has the layer ${blob.digest}`);
        work = fetchLayer(supplier, blob, signal).finally(() => fetching.delete(blob.digest));
        fetching.set(blob.digest, work);
      }
      return work;
    },
    unpacking(snapshot, blob, bytes) {
      const key = known.ownerOf(snapshot);
      if (key !== undefined) steps.moved(key, extractionOf(blob), bytes);
    },
    unpacked(snapshot, blob) {
      const key = known.ownerOf(snapshot);
      if (key !== undefined) steps.done(key, extractionOf(blob));
    },
    showAs(vertices, read) {
      for (const { id, op } of vertices) {
        if (op.kind !== 'image') continue;
        steps.show(baseKey(op.reference, op.platform), id, baseOf(op).snapshots, read.has(id));
      }
    },
    finish: steps.finish,
  };
}

/** As BuildKit shows it. */
function extractionOf({ digest, size }: Descriptor): Bringing {
  return { name: `extracting ${digest}`, total: size };
}
