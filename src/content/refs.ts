import { compareBytes } from '../core/byte-path.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { nameAnnotations } from '../oci/layout.ts';
import type { OnDamagedFile } from '../sys/sealed-file.ts';
import { lockIndex, readIndexFile, writeIndexFile } from './index-file.ts';
import { ensureLayout } from './layout.ts';

const { full: imageName, ref: refName } = nameAnnotations;
/** Ours: the name was taken up by a build. */
const namedBy = 'strata.named-by';

export interface Ref {
  /** Fully normalised: `docker.io/library/app:latest`. */
  readonly name: string;
  /** Of a manifest or an index. */
  readonly target: Descriptor;
  /** A build met the name in a FROM and nobody gave it: it may be pruned. */
  readonly isBase?: true;
}

/** Names and what they point at, kept in the `index.json` of an image layout. */
export interface RefStore {
  /** @throws IntegrityError `bad-index` when the file is damaged; so do all the others */
  get(name: string): Descriptor | undefined;
  /** In byte order of the names. */
  list(): Ref[];
  /** Points the name at a manifest or index whose blobs are in the store already. */
  set(name: string, target: Descriptor): Promise<void>;
  /** Notes what a FROM stood for. A name that a person gave stays theirs. */
  setBase(name: string, target: Descriptor): Promise<void>;
  /** Says whether the name was there. What it pointed at stays. */
  remove(name: string): Promise<boolean>;
}

/**
 * The names in an OCI image layout, in byte order; none where there is no layout. Nothing is created.
 * @throws IntegrityError `bad-index` when they are damaged and cannot be restored
 */
export function readRefs(layoutDirectory: string, onDamage?: OnDamagedFile): Ref[] {
  return readIndexFile(layoutDirectory, onDamage)
    .manifests.flatMap(asRef)
    .sort((a, b) => compareBytes(a.name, b.name));
}

/**
 * The names in an OCI image layout; the directory becomes one if it is none. Readers see the file before a
 * change or after it; writers of any number of processes wait for each other.
 * @param onDamage told when the names were damaged, and restored
 */
export function openRefs(layoutDirectory: string, onDamage?: OnDamagedFile): RefStore {
  ensureLayout(layoutDirectory);
  const list = () => readRefs(layoutDirectory, onDamage);

  /** Writes what `change` makes of the entries; undefined leaves the file alone. */
  const edit = async (change: (entries: readonly Descriptor[]) => Descriptor[] | undefined) => {
    const lock = await lockIndex(layoutDirectory);
    try {
      const index = readIndexFile(layoutDirectory);
      const manifests = change(index.manifests);
      if (manifests !== undefined) await writeIndexFile(layoutDirectory, { ...index, manifests });
      return manifests !== undefined;
    } finally {
      lock.release();
    }
  };

  const point = (name: string, target: Descriptor, isBase: boolean) =>
    edit((entries) => {
      const before = entries.find((entry) => nameOf(entry) === name);
      const mark = isBase && (before === undefined || isNamedByBuild(before)) ? { [namedBy]: 'FROM' } : {};
      const annotations = { ...target.annotations, [imageName]: name, [refName]: name, ...mark };
      return [...entries.filter((entry) => nameOf(entry) !== name), { ...target, annotations }];
    });

  return {
    get: (name) => list().find((ref) => ref.name === name)?.target,
    list,
    async set(name, target) {
      await point(name, target, false);
    },
    async setBase(name, target) {
      await point(name, target, true);
    },
    remove: (name) =>
      edit((entries) => {
        const others = entries.filter((entry) => nameOf(entry) !== name);
        return others.length === entries.length ? undefined : others;
      }),
  };
}

function nameOf(entry: Descriptor): string | undefined {
  return entry.annotations?.[imageName] ?? entry.annotations?.[refName];
}

function isNamedByBuild(entry: Descriptor): boolean {
  return entry.annotations?.[namedBy] !== undefined;
}

/** The target is the descriptor as it was given, without the name. */
function asRef(entry: Descriptor): Ref[] {
  const name = nameOf(entry);
  if (name === undefined) return [];
  const { annotations, ...bare } = entry;
  const rest = Object.entries(annotations ?? {}).filter(
    ([key]) => key !== imageName && key !== refName && key !== namedBy,
  );
  const target = rest.length === 0 ? bare : { ...bare, annotations: Object.fromEntries(rest) };
  return [{ name, target, ...(isNamedByBuild(entry) ? { isBase: true } : {}) }];
}
