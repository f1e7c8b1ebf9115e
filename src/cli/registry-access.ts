import { join } from 'node:path';
import type { Command } from 'commander';
import type { RegistryOptions } from '../build/options.ts';
import { dockerConfigCredentials } from '../registry/credentials.ts';
import { openRegistry } from '../registry/registry.ts';
import type { RegistryWork } from '../store/pull.ts';
import type { CommandContext } from './commands/command.ts';
import { type Config, configPlaces, readConfig } from './config-file.ts';
import { each } from './flags/collect.ts';
import { parseMirror } from './flags/pairs.ts';
import { openRenderer } from './renderer-choice.ts';
import { version } from './version.ts';

/** Flags of every command that talks to registries. */
export interface RegistryFlags {
  readonly registryMirror: readonly string[];
  readonly insecureRegistry: readonly string[];
  readonly progress?: string;
  readonly quiet?: boolean;
}

export function addRegistryFlags(command: Command): Command {
  return command
    .option('--registry-mirror <host=url>', 'ask this mirror before the registry', each, [])
    .option('--insecure-registry <host>', 'speak plain HTTP to this registry', each, []);
}

/** What the configuration and the flags say together; mirrors given as flags replace those of their host. */
export function registryOptions(flags: RegistryFlags, config: Config): RegistryOptions {
  const given = new Map<string, string[]>();
  for (const [host, url] of flags.registryMirror.map(parseMirror)) {
    given.set(host, [...(given.get(host) ?? []), url]);
  }
  return {
    mirrors: new Map([...config.registryMirrors, ...given]),
    insecure: [...config.insecureRegistries, ...flags.insecureRegistry],
    caFiles: config.caFiles,
  };
}

/** Does `work` with a client of all registries, shown as `--progress` says. */
export async function withRegistry<T>(
  flags: RegistryFlags,
  { io, signal }: CommandContext,
  work: (access: RegistryWork) => Promise<T>,
): Promise<T> {
  const { env } = io;
  const options = registryOptions(flags, readConfig(configPlaces(env)));
  const { renderer } = openRenderer(flags, io);
  const dockerConfig = env.DOCKER_CONFIG || join(env.HOME ?? '/', '.docker');
  const credentials = dockerConfigCredentials(join(dockerConfig, 'config.json'));
  const emit = (event: Parameters<typeof renderer.handle>[0]) => renderer.handle(event);
  const registry = openRegistry({ ...options, userAgent: `strata/${version}`, credentials }, emit);
  try {
    return await work({ registry, emit, signal, now: Date.now });
  } finally {
    await registry.close();
    await renderer.close();
  }
}
