import type { BlobStore } from '../../content/blob-store.ts';
import { type BytePath, bytePathToText } from '../../core/byte-path.ts';
import { HostError, StepError } from '../../core/errors.ts';
import { emptyTree } from '../../core/file-tree.ts';
import type { Compression } from '../../layer/compression.ts';
import { diffSnapshot } from '../../layer/diff.ts';
import { packLayer } from '../../layer/pack.ts';
import { refuseContent } from '../../layer/refuse-content.ts';
import type { StoredLayer } from '../../oci/descriptor.ts';
import { type CacheMount, cacheMountName, readCacheMount } from '../../solve/ops/exec/mounts/cache-mount.ts';
import { refusedSecrets } from '../secrets/read-secrets.ts';
import type { BuildSession } from '../session.ts';
import { isChosen, type MountChoice } from './cache-spec.ts';

export interface GatheredMount {
  readonly id: string;
  readonly layer: StoredLayer;
}

/**
 * The cache mounts of the build that are to travel, by name: packed as they are now, or, where no step of this
 * build had to fill one, as they came with an import.
 * @param scratch where they are packed to
 * @throws HostError `no-such-mount`; StepError `secret-in-mount`
 */
export async function gatherMounts(
  session: BuildSession,
  choice: MountChoice,
  compression: Compression,
  scratch: BlobStore,
): Promise<ReadonlyMap<string, GatheredMount>> {
  const all = mountsOf(session);
  checkNames(choice, all);
  const found = new Map<string, GatheredMount>();
  for (const [name, { id }] of all) {
    if (!isChosen(id, choice)) continue;
    const layer = (await pack(session, name, id, compression, scratch)) ?? session.imports.mount(name);
    if (layer !== undefined) found.set(name, { id, layer });
  }
  return found;
}

function mountsOf({ accounts }: BuildSession): Map<string, CacheMount> {
  const mounts = accounts.flatMap(({ plan }) =>
    [...plan.vertices.values()].flatMap(({ op }) => (op.kind === 'exec' ? op.mounts : [])),
  );
  return new Map(
    mounts.flatMap((mount) => (mount.type === 'cache' ? [[cacheMountName(mount), mount] as const] : [])),
  );
}

function checkNames({ ids }: MountChoice, all: ReadonlyMap<string, CacheMount>): void {
  const known = [...new Set([...all.values()].map(({ id }) => id))].sort();
  const unknown = ids.find((id) => !known.includes(id));
  if (unknown === undefined) return;
  throw new HostError('no-such-mount', `no RUN of the build mounts a cache "${unknown}"`, {
    hint: known.length === 0 ? 'none mounts any' : `there are ${known.join(', ')}`,
  });
}

function pack(
  { options, secrets, io }: BuildSession,
  name: string,
  id: string,
  compression: Compression,
  scratch: BlobStore,
): Promise<StoredLayer | undefined> {
  const refused = refusedSecrets(secrets).map(({ bytes }) => ({
    bytes,
    refusal: (path: BytePath) =>
      new StepError(
        'secret-in-mount',
        `the cache mount ${id} holds the value of a secret: /${bytePathToText(path)}`,
        { hint: 'whoever gets the cache could read it: leave the mount out, or keep the secret out of it' },
      ),
  }));
  return readCacheMount(options.root, name, io.signal, async (directory) => {
    const files = diffSnapshot(directory, emptyTree);
    const entries = refused.length === 0 ? files : refuseContent(files, refused);
    return (await packLayer(entries, scratch, { compression, signal: io.signal })).layer;
  });
}
