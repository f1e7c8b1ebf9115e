import { join } from 'node:path';
import type { Command } from 'commander';
import { proxyFromEnvironment } from '../core/proxy.ts';
import { dockerConfigCredentials } from '../registry/credentials/docker-credentials.ts';
import type { RegistryClientOptions } from '../registry/options.ts';
import { openRegistry } from '../registry/registry.ts';
import { findSystemAuthorities } from '../registry/transport/identity.ts';
import type { RegistryWork } from '../store/pull.ts';
import type { CommandContext } from './commands/command.ts';
import type { Config } from './config/config.ts';
import { configPlaces, readConfig, userConfigDirectory } from './config/config-file.ts';
import { each } from './flags/collect.ts';
import { parseMirror } from './flags/pairs.ts';
import type { CliIO } from './io.ts';
import { openRenderer } from './renderer-choice.ts';
import { version } from './version.ts';

/** Flags of every command that asks registries for something. */
export interface RegistryFlags {
  readonly registryMirror: readonly string[];
  readonly insecureRegistry: readonly string[];
  readonly progress?: string;
  readonly quiet?: boolean;
}

/** Adds `--registry-mirror` and `--insecure-registry`. */
export function addRegistryFlags(command: Command): Command {
  return addInsecureFlag(
    command.option('--registry-mirror <host=url>', 'ask this mirror before the registry', each, []),
  );
}

/** For a command that sends: nothing goes to a mirror. */
export function addInsecureFlag(command: Command): Command {
  return command.option('--insecure-registry <host>', 'speak plain HTTP to this registry', each, []);
}

/** What configuration, environment and flags say together; mirrors given as flags replace those of their host. */
export function registryOptions(
  flags: Pick<RegistryFlags, 'registryMirror' | 'insecureRegistry'>,
  config: Config,
  env: CliIO['env'],
): RegistryClientOptions {
  const given = new Map<string, string[]>();
  for (const [host, url] of flags.registryMirror.map(parseMirror)) {
    given.set(host, [...(given.get(host) ?? []), url]);
  }
  return {
    mirrors: new Map([...config.registryMirrors, ...given]),
    insecure: [...config.insecureRegistries, ...flags.insecureRegistry],
    trust: {
      systemFile: findSystemAuthorities(env),
      caFiles: [...config.caFiles, ...(env.NODE_EXTRA_CA_CERTS ? [env.NODE_EXTRA_CA_CERTS] : [])],
      hostDirectories: [join(userConfigDirectory(env), 'docker/certs.d'), '/etc/docker/certs.d'],
    },
    proxy: proxyFromEnvironment(env, config.proxy),
    userAgent: `strata/${version}`,
    credentials: dockerConfigCredentials(dockerConfigFile(env), env),
  };
}

/** The file in which Docker keeps credentials. */
export function dockerConfigFile(env: CliIO['env']): string {
  return join(env.DOCKER_CONFIG || join(env.HOME ?? '/', '.docker'), 'config.json');
}

/** Does `work` with a client of all registries, shown as `--progress` says. */
export async function withRegistry<T>(
  flags: RegistryFlags,
  { io, signal }: CommandContext,
  work: (access: RegistryWork) => Promise<T>,
): Promise<T> {
  const { env } = io;
  const options = registryOptions(flags, readConfig(configPlaces(env)), env);
  const { renderer } = openRenderer(flags, io);
  const emit = (event: Parameters<typeof renderer.handle>[0]) => renderer.handle(event);
  const registry = openRegistry(options, emit);
  try {
    return await work({ registry, emit, signal, now: Date.now });
  } finally {
    await registry.close();
    await renderer.close();
  }
}
