/** What all platforms of one build share: the opened store, the registry client, the bases found so far. */
import { openBlobStore } from '../content/dir-store.ts';
import type { ServerAccess } from '../context/authorization.ts';
import type { KeyDigest } from '../core/digest.ts';
import { Limiter } from '../core/limiter.ts';
import type { PushedRepository } from '../export/push.ts';
import { openRegistry, type Registry } from '../registry/registry.ts';
import { openIdentities } from '../registry/transport/identity.ts';
import { openSandbox, type Sandbox } from '../sandbox/sandbox.ts';
import type { PlanAccounts } from '../solve/step-result.ts';
import { type Bases, openBases } from './bases/bases.ts';
import { findImage, wholeName } from './bases/find-image.ts';
import type { BuildIO, BuildOptions } from './options.ts';
import { platformsOf } from './platforms.ts';
import { openWorkLog, type WorkLog } from './record/work-log.ts';
import { stepSandbox } from './run/step-sandbox.ts';
import { refusedSecrets, type SecretValues } from './secrets/read-secrets.ts';
import { openSshAgents, type SshAgents } from './secrets/ssh-agents.ts';
import { type Imports, openImports } from './share/imports.ts';
import { type BuildStore, openBuildStore } from './store/build-store.ts';
import { type StoreDamage, watchDamage } from './store/store-damage.ts';

/** One build while it goes on. */
export interface BuildSession {
  readonly options: BuildOptions;
  readonly io: BuildIO;
  /** The values of the secrets that the build was given, by id. */
  readonly secrets: SecretValues;
  readonly servers: ServerAccess;
  readonly store: BuildStore;
  readonly damage: StoreDamage;
  readonly bases: Bases;
  /** The caches that `--cache-from` names. */
  readonly imports: Imports;
  readonly registry: Registry;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** What became of every plan so far, also of one that failed. */
  readonly accounts: PlanAccounts[];
  /** What was sent to registries so far. */
  readonly pushes: PushedRepository[];
  /** When the rest of what was shown as steps was done. */
  readonly work: WorkLog;
  /** Where steps run; opened when the first one does. */
  sandbox(): Promise<Sandbox>;
  /** No step is to run any more, unless one is: begins to clear up behind them while other work goes on. */
  endSteps(): void;
  /** Agents for steps that mount one. */
  readonly ssh: SshAgents;
  /** Keys of the steps that were run so far. */
  readonly ranHere: Set<KeyDigest>;
  /** Steps at once, over all platforms. */
  readonly limiter: Limiter;
  close(): Promise<void>;
}

/** @throws HostError when the store cannot be opened */
export function openSession(options: BuildOptions, world: BuildIO, secrets: SecretValues): BuildSession {
  const work = openWorkLog(world.emit);
  const io = { ...world, emit: work.emit };
  const startedAt = io.now();
  const tell = (text: string) => io.emit({ type: 'note', text, at: io.now() });
  const registry = openRegistry(options.registry, io.emit);
  const damage = watchDamage(options.root, io.emit);
  const store: BuildStore = openBuildStore(
    options.root,
    {
      fetch: (blob, signal) => (bases.canFetch(blob) ? bases : imports).fetch(blob, signal),
      canFetch: (blob) => bases.canFetch(blob) || imports.canFetch(blob),
      disown: (blob, error) => imports.disown(blob, error),
      watcher: {
        unpacking: (snapshot, blob, bytes) => bases.unpacking(snapshot, blob, bytes),
        unpacked: (snapshot, blob) => bases.unpacked(snapshot, blob),
      },
    },
    refusedSecrets(secrets),
    damage,
    { choice: options.snapshotter, tell },
  );
  const bases: Bases = sessionBases(options, io, store, registry);
  const imports: Imports = sessionImports(options, io, store, registry);
  const identityOf = openIdentities(options.registry.trust);
  // One that is ending has its directory still: each gets one of its own.
  const { scratch, newName } = store.workspace;
  const sandbox = stepSandbox(() => openSandbox(options.runtime, scratch(), newName(), tell));
  const cage = async () => (await sandbox.open()).cage;
  const ssh = openSshAgents(options.ssh, scratch, cage, io.env.SSH_AUTH_SOCK);
  return {
    options,
    io,
    secrets,
    servers: {
      secret: (id) => secrets.get(id),
      proxy: options.registry.proxy,
      secureContext: (host) => identityOf(host).secureContext(),
    },
    store,
    damage,
    bases,
    imports,
    registry,
    startedAt,
    accounts: [],
    pushes: [],
    work,
    sandbox: sandbox.open,
    ssh,
    ranHere: new Set(),
    limiter: new Limiter(options.maxParallelism),
    endSteps: sandbox.end,
    async close() {
      await sandbox.close();
      imports.close();
      store.close();
      await registry.close();
    },
  };
}

function sessionBases(
  { pull }: BuildOptions,
  { emit, signal, now }: BuildIO,
  { blobs, refs, layers }: BuildStore,
  registry: Registry,
): Bases {
  const finder = { blobs, refs, registry, pull };
  return openBases({
    find: (reference, platform) => findImage(reference, platform, finder, signal),
    nameOf: wholeName,
    layers,
    emit,
    signal,
    now,
  });
}

/** What opens caches is loaded only where one is asked for. */
function sessionImports(
  options: BuildOptions,
  io: BuildIO,
  { blobs, workspace }: BuildStore,
  registry: Registry,
): Imports {
  const platforms = platformsOf(options);
  return openImports(
    options.cacheFrom,
    async (spec) => {
      const { openCache } = await import('./share/open-cache.ts');
      const scratch = openBlobStore(workspace.subdirectory('cache'), workspace.subdirectory('ingest'));
      return openCache(spec, { registry, blobs, scratch, platforms, signal: io.signal });
    },
    io,
  );
}
