/** The mounts of one RUN, opened for its time: what each shows, and what is given back when the step ends. */
import { placeFiles } from '../../../../copy/place.ts';
import { assert } from '../../../../core/assert.ts';
import { emptyTree } from '../../../../core/file-tree.ts';
import { writeEntries } from '../../../../layer/write-entries.ts';
import type { PlannedMount } from '../../../../plan/vertex.ts';
import type { StepMount } from '../../../../sandbox/step.ts';
import type { StepServices } from '../step-services.ts';
import { openBind } from './bind-source.ts';
import {
  type CacheMount,
  cacheMountName,
  cachesToOpen,
  type OpenedCache,
  openCacheMount,
  type SeedCache,
} from './cache-mount.ts';
import { isPart, openCachePart } from './cache-part.ts';
import type { OpenedMount } from './opened-mount.ts';
import { openSecret } from './secret-mount.ts';
import { openAgent } from './ssh-mount.ts';

/** The mounts of a step, ready for its sandbox. */
export interface OpenedMounts {
  readonly mounts: readonly StepMount[];
  /** Variables that mounts bring; they win over the step's own. */
  readonly env: readonly (readonly [name: string, value: string])[];
  release(): Promise<void>;
}

/**
 * Opens a step's caches, then all its mounts in order; when one cannot be opened those before it are given back.
 * @throws StepError `source-not-found`, `secret-not-found`, `ssh-not-found`
 */
export async function openMounts(services: StepServices): Promise<OpenedMounts> {
  const { mounts } = services.vertex.op;
  const opened: OpenedMount[] = [];
  const release = async () => {
    for (const each of opened.reverse()) await each.release?.();
  };
  const caches = new Map<string, string>();
  try {
    for (const cache of cachesToOpen(mounts.filter((mount) => mount.type === 'cache'))) {
      const { directory, lock } = await openCache(cache, services);
      opened.push({ release: () => lock.release() });
      caches.set(cacheMountName(cache), directory);
    }
    for (const mount of mounts) opened.push(await openMount(mount, caches, services));
  } catch (error) {
    await release();
    throw error;
  }
  return {
    mounts: opened.flatMap(({ mount }) => (mount === undefined ? [] : [mount])),
    env: opened.flatMap(({ env }) => (env === undefined ? [] : [env])),
    release,
  };
}

async function openMount(
  mount: PlannedMount,
  caches: ReadonlyMap<string, string>,
  services: StepServices,
): Promise<OpenedMount> {
  switch (mount.type) {
    case 'bind': {
      const { vertex, origins, context } = services;
      const { path, release } = await openBind(vertex, mount, services.chosen(mount), origins, context);
      return { mount: bind(path, mount.target, mount.isReadOnly), release };
    }
    case 'cache': {
      const directory = caches.get(cacheMountName(mount));
      assert(directory !== undefined, 'every cache of a step was opened');
      if (isPart(mount)) {
        const { path, release } = openCachePart(mount, directory, services.origins.scratch());
        return { mount: bind(path, mount.target, mount.isReadOnly), release };
      }
      return { mount: bind(directory, mount.target, mount.isReadOnly) };
    }
    case 'tmpfs': {
      const { target, sizeBytes, isReadOnly } = mount;
      return { mount: { type: 'tmpfs', target, sizeBytes, isReadOnly } };
    }
    case 'secret':
      return openSecret(mount, services);
    case 'ssh':
      return openAgent(mount, services);
  }
}

function openCache(mount: CacheMount, { settings, chosen, context }: StepServices): Promise<OpenedCache> {
  const seed: SeedCache = async (directory, name) => {
    const isFilled = await settings.fillCacheMount(name, directory, context.signal);
    if (isFilled || mount.owner !== undefined || mount.origin.kind === 'empty') return undefined;
    const selection = await chosen(mount).selection(context);
    const place = { dest: '/', isLink: false, createdAt: { seconds: 0, nanoseconds: 0 } };
    await writeEntries(placeFiles(selection, emptyTree, place), { upper: directory }, context.signal);
    const [source] = selection.sources;
    return source?.kind === 'directory' ? source.top : undefined;
  };
  return openCacheMount(settings.root, mount, seed, context.signal);
}

function bind(source: string, target: string, isReadOnly: boolean): StepMount {
  return { type: 'bind', source, target, isReadOnly };
}
