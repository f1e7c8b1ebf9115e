/**
 * The base images of one build: found once each, whatever asks for them, and their layers fetched when
 * somebody needs the bytes.
 */
import { assert } from '../../core/assert.ts';
import type { BlobDigest } from '../../core/digest.ts';
import type { Reference } from '../../core/image-reference.ts';
import { normalizePlatform, type Platform, printPlatform } from '../../core/platform.ts';
import { traced } from '../../core/trace.ts';
import { asStep, type StepWorld } from '../../export/as-step.ts';
import type { LayerStore } from '../../layer/layer-store.ts';
import type { UnpackWatcher } from '../../layer/store/files-of-layers.ts';
import { chainIDs } from '../../oci/chain-id.ts';
import type { Descriptor, StoredLayer } from '../../oci/descriptor.ts';
import type { BaseResolver } from '../../plan/resolver.ts';
import type { ImageOp, Vertex, VertexID } from '../../plan/vertex.ts';
import { parseReference } from '../../registry/reference.ts';
import type { SnapshotID } from '../../snapshot/snapshotter.ts';
import { type Bringing, createBaseSteps } from './base-steps.ts';
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
  find(reference: string, platform: Platform, signal: AbortSignal): Promise<FoundImage>;
  /** The whole name of an image, for people. */
  nameOf(reference: string): string;
  readonly layers: LayerStore;
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
  const { signal } = services;
  const resolved = new Map<string, Promise<{ found: FoundImage; platform: Platform }>>();
  const bases = new Map<string, Base>();
  /** The base that has a snapshot. */
  const providers = new Map<SnapshotID, string>();
  const suppliers = new Map<BlobDigest, Supplier>();
  const steps = createBaseSteps(services);
  const fetching = new Map<BlobDigest, Promise<void>>();

  /** A blob that others call as long as it is not is none of a base. */
  function supplierOf({ digest, size }: Descriptor): Supplier | undefined {
    const found = suppliers.get(digest);
    return found?.size === size ? found : undefined;
  }

  function resolve(reference: string, platform: Platform) {
    const id = `internal/metadata/${reference}`;
    const label = `[internal] load metadata for ${services.nameOf(reference)}`;
    return asStep({ id, label }, services, async () => {
      const found = await traced('resolve base', () => services.find(reference, platform, signal));
      const { architecture, os, variant } = found.config;
      const own = normalizePlatform({ os, architecture, variant });
      const key = keyOf(found.reference, own);
      bases.set(key, await adopt(found, key));
      return { found, platform: own };
    });
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
    for (const snapshot of snapshots) providers.set(snapshot, key);
    const identity = chainIDs(config.rootfs.diff_ids).at(-1) ?? 'scratch';
    return { identity, digest: found.manifestDescriptor.digest, layers, snapshots };
  }

  function baseOf(op: ImageOp): Base {
    const base = bases.get(keyOf(op.reference, op.platform));
    assert(base !== undefined, `the base ${op.reference} was resolved when the build was planned`);
    return base;
  }

  async function fetchLayer(
    found: FoundImage,
    key: string,
    descriptor: Descriptor,
    fetchSignal: AbortSignal,
  ) {
    const layer = { name: descriptor.digest, total: descriptor.size };
    steps.begin(key, layer);
    await found.fetchLayer(descriptor, fetchSignal, (bytes) => steps.moved(key, layer, bytes));
    steps.done(key, layer);
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
    of: baseOf,
    provides: (snapshot) => providers.has(snapshot),
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
    unpacking(snapshot, layer, bytes) {
      const key = providers.get(snapshot);
      if (key !== undefined) steps.moved(key, extractionOf(layer), bytes);
    },
    unpacked(snapshot, layer) {
      const key = providers.get(snapshot);
      if (key !== undefined) steps.done(key, extractionOf(layer));
    },
    showAs(vertices, read) {
      for (const { id, op } of vertices) {
        if (op.kind !== 'image') continue;
        steps.show(keyOf(op.reference, op.platform), id, baseOf(op).snapshots, read.has(id));
      }
    },
    finish: steps.finish,
  };
}

/** As BuildKit shows it. */
function extractionOf({ digest, size }: Descriptor): Bringing {
  return { name: `extracting ${digest}`, total: size };
}

function keyOf(reference: string, platform: Platform): string {
  return `${reference} ${printPlatform(platform)}`;
}
