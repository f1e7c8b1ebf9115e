/** The mounts of one RUN, opened for its time: what each shows, and what is given back when the step ends. */
import { join } from 'node:path';
import { placeFiles } from '../../../copy/place.ts';
import { assert } from '../../../core/assert.ts';
import { StepError } from '../../../core/errors.ts';
import { emptyTree } from '../../../core/file-tree.ts';
import { suggest } from '../../../core/suggest.ts';
import { writeEntries } from '../../../layer/write-entries.ts';
import type { ExecOp, PlannedMount, Vertex } from '../../../plan/vertex.ts';
import { openAgentDoor } from '../../../sandbox/agent-door.ts';
import type { StepMount } from '../../../sandbox/step.ts';
import type { OpContext } from '../../op-runner.ts';
import type { ChosenFiles } from '../files/chosen-files.ts';
import type { OriginServices } from '../files/origin.ts';
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
import type { ExecSettings } from './settings.ts';

/** The mounts of a step, ready for its sandbox. */
export interface OpenedMounts {
  readonly mounts: readonly StepMount[];
  /** Variables that mounts bring; they win over the step's own. */
  readonly env: readonly (readonly [name: string, value: string])[];
  release(): Promise<void>;
}

interface Opened {
  readonly mount?: StepMount;
  readonly env?: readonly [name: string, value: string];
  release?(): void | Promise<void>;
}

/** One step, and what opening its mounts takes. */
export interface MountServices {
  readonly vertex: Vertex<ExecOp>;
  readonly origins: OriginServices;
  readonly settings: ExecSettings;
  readonly context: OpContext;
  /** The files that a mount with an origin shows. */
  chosen(mount: PlannedMount): ChosenFiles;
  /** Told what only those care for who look for the reason of something. */
  onDetail(text: string): void;
}

/**
 * Opens a step's caches, then all its mounts in order; when one cannot be opened those before it are given back.
 * @throws StepError `source-not-found`, `secret-not-found`, `ssh-not-found`
 */
export async function openMounts(services: MountServices): Promise<OpenedMounts> {
  const { mounts } = services.vertex.op;
  const opened: Opened[] = [];
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
  services: MountServices,
): Promise<Opened> {
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

function openCache(mount: CacheMount, { settings, chosen, context }: MountServices): Promise<OpenedCache> {
  const seed: SeedCache = async (directory, name) => {
    const isFilled = await settings.fillCacheMount(name, directory, context.signal);
    if (isFilled || mount.owner !== undefined || mount.origin.kind === 'empty') return undefined;
    const selection = await chosen(mount).selection(context);
    const place = { dest: '/', isLink: false, createdAt: { seconds: 0, nanoseconds: 0 } };
    await writeEntries(placeFiles(selection, emptyTree, place), directory, context.signal);
    const [source] = selection.sources;
    return source?.kind === 'directory' ? source.top : undefined;
  };
  return openCacheMount(settings.root, mount, seed, context.signal);
}

function openSecret(
  mount: PlannedMount & { type: 'secret' },
  { vertex, settings, onDetail }: MountServices,
): Opened {
  const value = settings.secrets.get(mount.id);
  if (value === undefined) {
    const hint = missingSecretHint(mount.id, settings);
    if (mount.isRequired) {
      const word = `id=${mount.id}`;
      throw new StepError('secret-not-found', `secret ${mount.id}: not found`, { hint, word });
    }
    onDetail(`${vertex.label}: goes without the secret ${mount.id}: ${hint}`);
    return mount.env === undefined ? {} : { env: [mount.env, ''] };
  }
  const env =
    mount.env === undefined ? {} : { env: [mount.env, Buffer.from(value).toString('utf8')] as const };
  if (mount.target === undefined) return env;
  const { target, mode, uid, gid } = mount;
  return { ...env, mount: { type: 'file', target, content: value, mode, uid, gid } };
}

/** What the person may have meant instead: another id, or a variable that is set. */
function missingSecretHint(id: string, { secrets }: ExecSettings): string {
  if (secrets.has(id)) return `--secret id=${id} names a variable that is not set`;
  const meant = suggest(id, secrets.keys());
  const others = [...secrets.keys()].join(', ');
  if (meant !== undefined) return `did you mean ${meant}? The build was given ${others}`;
  const how = `give it with --secret id=${id},src=FILE or id=${id},env=NAME`;
  return others === '' ? how : `${how}; the build was given ${others}`;
}

async function openAgent(
  mount: PlannedMount & { type: 'ssh' },
  { settings, origins }: MountServices,
): Promise<Opened> {
  const agent = await settings.ssh.socket(mount.id);
  if (agent !== undefined) {
    const path = join(origins.scratch(), 'agent');
    const door = await openAgentDoor(agent, path, mount);
    return { mount: bind(path, mount.target, true), release: door.close };
  }
  if (!mount.isRequired) return {};
  throw new StepError('ssh-not-found', `ssh ${mount.id}: no agent or key was given`, {
    hint: `give one with --ssh ${mount.id} or --ssh ${mount.id}=KEYFILE`,
    word: `id=${mount.id}`,
  });
}

function bind(source: string, target: string, isReadOnly: boolean): StepMount {
  return { type: 'bind', source, target, isReadOnly };
}
