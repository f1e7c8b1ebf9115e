/** The caches of one build that come from elsewhere, asked when the store has no answer. */
import type { FileLists } from '../../cache/file-lists.ts';
import type { CacheImport } from '../../cache/share/cache-import.ts';
import type { StepRecord } from '../../cache/step-cache.ts';
import type { Digest, KeyDigest } from '../../core/digest.ts';
import { CanceledError, IntegrityError, RemoteError, StrataError } from '../../core/errors.ts';
import type { Reference } from '../../core/image-reference.ts';
import { asStep, type StepWorld } from '../../export/as-step.ts';
import type { LayerStore } from '../../layer/layer-store.ts';
import type { Descriptor, StoredLayer } from '../../oci/descriptor.ts';
import type { SnapshotID } from '../../snapshot/snapshotter.ts';
import type { CacheSpec } from '../options.ts';
import { cacheName } from './cache-spec.ts';

export interface Imports {
  /** Waits until all of them were opened, or failed to. */
  ready(): Promise<void>;
  /** Those that are open, in the order they were given. */
  all(): readonly CacheImport[];
  /** What they have recorded of a step. */
  find(key: KeyDigest): readonly ImportedRecord[];
  recall(question: KeyDigest): Digest | undefined;
  provides(snapshot: SnapshotID): boolean;
  canFetch(blob: Descriptor): boolean;
  /** The repository that has the blob; undefined when it is no registry's. */
  repositoryOf(blob: Descriptor): Reference | undefined;
  /** @throws RemoteError `cache-import-lost`: the import answers no more, and the build has to begin anew */
  fetch(blob: Descriptor, signal: AbortSignal): Promise<void>;
  /**
   * Holds a blob that is in the store against what the import says that has it, if any does.
   * @throws RemoteError `cache-import-lost`
   */
  examine(blob: Descriptor): Promise<void>;
  /**
   * Leaves the import that has a blob, which turned out to be another than it said, if it was not left before.
   * @returns what is to be thrown: `cache-import-lost`
   */
  disown(blob: Descriptor, error: IntegrityError): RemoteError;
  /** Makes the layers of a record known to the store; false when they cannot be. */
  adopt(record: ImportedRecord, layers: LayerStore): Promise<boolean>;
  /** What the first import that may be used for it has of a cache mount. */
  mount(name: string): StoredLayer | undefined;
  /**
   * Fills a new cache mount with what an import has of it.
   * @returns false when none has anything
   * @throws RemoteError `cache-import-lost`
   */
  fillMount(name: string, directory: string, signal: AbortSignal): Promise<boolean>;
  /** Brings what explains misses. One that cannot be had is left out. */
  fetchLists(lists: FileLists, signal: AbortSignal): Promise<void>;
  /** Lets go of them all: what they have may be gone from now on. */
  close(): void;
}

export interface ImportedRecord {
  readonly record: StepRecord;
  readonly from: CacheImport;
}

/** Opens all imports at once, each shown as a step. One that fails is said aloud, and the build goes on without it. */
export function openImports(
  specs: readonly CacheSpec[],
  open: (spec: CacheSpec) => Promise<readonly CacheImport[]>,
  world: StepWorld,
): Imports {
  let opened: CacheImport[] = [];
  const opening = Promise.all(specs.map((spec, index) => openOne(spec, index, open, world))).then((all) => {
    opened = all.flat();
  });
  // Whoever waits for them meets the failure.
  opening.catch(() => {});
  const leave = (lost: CacheImport, why: string, error: StrataError) => {
    if (opened.includes(lost)) warn(world, lost.name, why, error);
    opened = opened.filter((each) => each !== lost);
    lost.close();
  };
  /** One that fails is left for good. */
  const relyOn = async (from: CacheImport, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      if (error instanceof StrataError && !(error instanceof CanceledError))
        leave(from, isLie(error) ? isNotWhatItSays : 'went away while it was used', error);
      throw error;
    }
  };
  const supplierOf = (blob: Descriptor) => opened.find((each) => each.provides(blob));

  return {
    ready: () => opening,
    all: () => opened,
    find: (key) =>
      opened.flatMap((from) => {
        const record = from.find(key);
        return record === undefined ? [] : [{ record, from }];
      }),
    recall(question) {
      for (const each of opened) {
        const answer = each.recall(question);
        if (answer !== undefined) return answer;
      }
      return undefined;
    },
    provides: (snapshot) => opened.some((each) => each.layer(snapshot) !== undefined),
    canFetch: (blob) => supplierOf(blob) !== undefined,
    repositoryOf: (blob) => opened.find((each) => each.repositoryOf(blob) !== undefined)?.repositoryOf(blob),
    async fetch(blob, signal) {
      const from = supplierOf(blob);
      if (from === undefined)
        throw new RemoteError('cache-import-lost', `no import has the blob ${blob.digest} any more`);
      await relyOn(from, () => from.fetch(blob, signal));
    },
    async examine(blob) {
      const from = supplierOf(blob);
      if (from !== undefined) await relyOn(from, () => from.examine(blob));
    },
    disown(blob, error) {
      const from = supplierOf(blob);
      if (from !== undefined) leave(from, isNotWhatItSays, error);
      const who = from?.name ?? 'an import that was left';
      return new RemoteError('cache-import-lost', `${who}: ${error.message}`, { cause: error });
    },
    async adopt({ record, from }, layers) {
      for (const { snapshot } of record.stack) {
        const layer = from.layer(snapshot);
        if (layer !== undefined && !(await layers.adoptAs(snapshot, layer))) return false;
      }
      return true;
    },
    mount: (name) => opened.flatMap((each) => each.mount(name) ?? [])[0],
    async fillMount(name, directory, signal) {
      const from = opened.find((each) => each.mount(name) !== undefined);
      if (from === undefined) return false;
      await relyOn(from, () => from.fillMount(name, directory, signal));
      return true;
    },
    async fetchLists(lists, signal) {
      for (const each of opened) await each.fetchLists(lists, signal).catch(() => {});
    },
    close() {
      for (const each of opened) each.close();
    },
  };
}

const isNotWhatItSays = 'is not what it says';

/** Whether an import failed because it has other bytes than it said, and not because it has none. */
function isLie({ cause }: StrataError): boolean {
  return cause instanceof IntegrityError && cause.code !== 'blob-missing';
}

async function openOne(
  spec: CacheSpec,
  index: number,
  open: (spec: CacheSpec) => Promise<readonly CacheImport[]>,
  world: StepWorld,
): Promise<readonly CacheImport[]> {
  const name = cacheName(spec);
  const step = { id: `cache/import/${index}`, label: `importing cache from ${name}` };
  try {
    return await asStep(step, world, () => open(spec));
  } catch (error) {
    if (world.signal.aborted || !(error instanceof StrataError)) throw error;
    if (spec.attributes['ignore-error'] !== 'true') warn(world, name, 'cannot be imported', error);
    return [];
  }
}

function warn({ emit }: StepWorld, name: string, why: string, { message, hint }: StrataError): void {
  const diagnostic = {
    code: 'cache-import',
    severity: 'warning' as const,
    message: `the cache ${name} ${why}: the build goes on without it`,
    notes: [message],
    help: hint,
  };
  emit({ type: 'warning', diagnostic });
}
