/**
 * The base images of one build: found once each, whatever asks for them, and their layers fetched when
 * somebody needs the bytes.
 */
import { assert } from '../../core/assert.ts';
import type { BlobDigest } from '../../core/digest.ts';
import type { EmitEvent } from '../../core/event.ts';
import type { Reference } from '../../core/image-reference.ts';
import { normalizePlatform, type Platform, printPlatform } from '../../core/platform.ts';
import { traced } from '../../core/trace.ts';
import type { LayerStore } from '../../layer/layer-store.ts';
import { chainIDs } from '../../oci/chain-id.ts';
import type { Descriptor, StoredLayer } from '../../oci/descriptor.ts';
import type { BaseResolver } from '../../plan/resolver.ts';
import type { ImageOp, Vertex, VertexID } from '../../plan/vertex.ts';
import { parseReference } from '../../registry/reference.ts';
import type { SnapshotID } from '../../snapshot/snapshotter.ts';
import type { FoundImage } from './image-source.ts';

/** A base image as solving and exporting see it. */
export interface Base {
  /** What a key that stands on it holds: its layers by content, whatever its name or config. */
  readonly identity: string;
  /** Of its manifest, for people: another one does not make another identity. */
  readonly digest: BlobDigest;
  readonly layers: readonly StoredLayer[];
  readonly snapshots: readonly SnapshotID[];
}

export interface Bases extends BaseResolver {
  /** A base that planning resolved. */
  of(op: ImageOp): Base;
  /** Whether some base of this build has the snapshot: it can then be fetched. */
  provides(snapshot: SnapshotID): boolean;
  /** Shows the plan's bases as their own steps: those that are all here at once, others when they are fetched. */
  showAs(vertices: Iterable<Vertex>): void;
  /** Whether a blob belongs to a base of this build. */
  canFetch(descriptor: Descriptor): boolean;
  /** The repository that a blob of a base comes from; undefined when it is no registry's. */
  repositoryOf(descriptor: Descriptor): Reference | undefined;
  /** Gets a blob of any base of this build. */
  fetch(descriptor: Descriptor, signal: AbortSignal): Promise<void>;
  /** Ends the steps of the bases that are still shown: nothing was fetched of some of them. */
  finish(): void;
}

export interface BaseServices {
  find(reference: string, platform: Platform, signal: AbortSignal): Promise<FoundImage>;
  /** The whole name of an image, for people. */
  nameOf(reference: string): string;
  readonly layers: LayerStore;
  readonly emit: EmitEvent;
  readonly signal: AbortSignal;
  now(): number;
}

/** The image that has a blob. */
interface Supplier {
  readonly found: FoundImage;
  readonly key: string;
  /** Of the blob, in bytes. */
  readonly size: number;
}

/** The base images of one build: each is resolved once and fetched when somebody needs its bytes. */
export function openBases(services: BaseServices): Bases {
  const { emit, now, signal } = services;
  const resolved = new Map<string, Promise<{ found: FoundImage; platform: Platform }>>();
  const bases = new Map<string, Base>();
  const provided = new Set<SnapshotID>();
  const suppliers = new Map<BlobDigest, Supplier>();
  /** The step of each base, and whether something was fetched for it. */
  const shown = new Map<string, { readonly ids: Set<VertexID>; isFetching: boolean; fetchedAt?: number }>();
  /** The steps of bases of which nothing had to be fetched; a build that begins anew shows its steps again. */
  const here = new Set<VertexID>();
  const fetching = new Map<BlobDigest, Promise<void>>();

  /** A blob that others call as long as it is not is none of a base. */
  function supplierOf({ digest, size }: Descriptor): Supplier | undefined {
    const found = suppliers.get(digest);
    return found?.size === size ? found : undefined;
  }

  async function resolve(reference: string, platform: Platform) {
    const id = `internal/metadata/${reference}`;
    emit({
      type: 'plan',
      steps: [{ id, label: `[internal] load metadata for ${services.nameOf(reference)}` }],
    });
    emit({ type: 'step', id, state: 'started', at: now() });
    try {
      const found = await traced('resolve base', () => services.find(reference, platform, signal));
      const { architecture, os, variant } = found.config;
      const own = normalizePlatform({ os, architecture, variant });
      const key = keyOf(found.reference, own);
      bases.set(key, await adopt(found, key));
      emit({ type: 'step', id, state: 'done', at: now() });
      return { found, platform: own };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      emit({ type: 'step', id, state: signal.aborted ? 'canceled' : 'failed', at: now(), message });
      throw error;
    }
  }

  async function adopt(found: FoundImage, key: string): Promise<Base> {
    const { manifest, config } = found;
    const layers = manifest.layers.map((descriptor, index): StoredLayer => {
      const diffID = config.rootfs.diff_ids[index];
      assert(diffID !== undefined, 'an image has as many diffIDs as layers once it was found');
      suppliers.set(descriptor.digest, { found, key, size: descriptor.size });
      return { descriptor, diffID };
    });
    const snapshots = await Promise.all(layers.map((layer) => services.layers.adopt(layer)));
    for (const snapshot of snapshots) provided.add(snapshot);
    const identity = chainIDs(config.rootfs.diff_ids).at(-1) ?? 'scratch';
    return { identity, digest: found.manifestDescriptor.digest, layers, snapshots };
  }

  async function fetchLayer(
    found: FoundImage,
    key: string,
    descriptor: Descriptor,
    fetchSignal: AbortSignal,
  ) {
    const step = shown.get(key);
    const [id] = step?.ids ?? [];
    if (step === undefined || id === undefined) return found.fetchLayer(descriptor, fetchSignal);
    if (!step.isFetching) emit({ type: 'step', id, state: 'started', at: now() });
    step.isFetching = true;
    const { digest: name, size: total } = descriptor;
    await found.fetchLayer(descriptor, fetchSignal, (current) =>
      emit({ type: 'transfer', id, name, current, total, at: now() }),
    );
    step.fetchedAt = now();
    emit({ type: 'transfer', id, name, current: total, total, at: step.fetchedAt, done: true });
  }

  return {
    async resolveBase(reference, platform) {
      const question = keyOf(reference, platform);
      let answer = resolved.get(question);
      if (answer === undefined) {
        answer = resolve(reference, platform);
        resolved.set(question, answer);
      }
      const { found, platform: own } = await answer;
      return { reference: found.reference, config: found.config, platform: own };
    },
    of(op) {
      const base = bases.get(keyOf(op.reference, op.platform));
      assert(base !== undefined, `the base ${op.reference} was resolved when the build was planned`);
      return base;
    },
    provides: (snapshot) => provided.has(snapshot),
    canFetch: (blob) => supplierOf(blob) !== undefined,
    repositoryOf(blob) {
      const name = supplierOf(blob)?.found.reference;
      return name === undefined || name.includes('://') ? undefined : parseReference(name);
    },
    fetch(descriptor, fetchSignal) {
      let work = fetching.get(descriptor.digest);
      if (work === undefined) {
        const supplier = supplierOf(descriptor);
        assert(supplier !== undefined, `some base of the build has the layer ${descriptor.digest}`);
        work = fetchLayer(supplier.found, supplier.key, descriptor, fetchSignal).finally(() =>
          fetching.delete(descriptor.digest),
        );
        fetching.set(descriptor.digest, work);
      }
      return work;
    },
    showAs(vertices) {
      for (const { id, op } of vertices) {
        if (op.kind !== 'image') continue;
        const key = keyOf(op.reference, op.platform);
        if (bases.get(key)?.snapshots.every(services.layers.isAvailable)) {
          if (!here.has(id)) emit({ type: 'step', id, state: 'cached', at: now() });
          here.add(id);
          continue;
        }
        const known = shown.get(key);
        if (known === undefined) shown.set(key, { ids: new Set([id]), isFetching: false });
        else known.ids.add(id);
      }
    },
    finish() {
      for (const { ids, isFetching, fetchedAt = now() } of shown.values()) {
        for (const [index, id] of [...ids].entries()) {
          emit({ type: 'step', id, state: isFetching && index === 0 ? 'done' : 'cached', at: fetchedAt });
        }
      }
      shown.clear();
    },
  };
}

function keyOf(reference: string, platform: Platform): string {
  return `${reference} ${printPlatform(platform)}`;
}
