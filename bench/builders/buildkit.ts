import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Builder, baseName, type Surroundings } from './builder.ts';
import { endDaemon, outputOf, startDaemon, versionOf } from './processes.ts';

/** A BuildKit of its own, where `buildkitd` and `buildctl` are on PATH. */
export async function buildkit({ dir, base, registry }: Surroundings): Promise<Builder | undefined> {
  const version = versionOf('buildkitd', ['--version']);
  if (version === undefined || versionOf('buildctl', ['--version']) === undefined) return undefined;
  const home = join(dir, 'buildkit');
  mkdirSync(home);
  const address = ['--addr', `unix://${join(home, 'socket')}`];
  const config = join(home, 'buildkitd.toml');
  writeFileSync(config, registry === undefined ? '' : `[registry."${registry}"]\n  http = true\n`);
  const daemon = await startDaemon(
    'buildkitd',
    [...address, '--config', config, '--root', join(home, 'data'), '--oci-worker-net', 'host'],
    home,
    () => versionOf('buildctl', [...address, 'debug', 'workers']) !== undefined,
  );
  return {
    name: 'buildkit',
    version,
    daemons: [daemon.pid ?? 0],
    reset() {
      outputOf('buildctl', [...address, 'prune', '--all']);
    },
    commands: (context, dest) => [
      {
        program: 'buildctl',
        args: [
          ...[...address, 'build', '--progress', 'plain', '--frontend', 'dockerfile.v0'],
          ...['--local', `context=${context}`, '--local', `dockerfile=${context}`],
          ...['--oci-layout', `base=${base.layout}`, '--opt', `context:${baseName}=oci-layout://base:latest`],
          ...['--output', `type=oci,dest=${dest}`],
        ],
      },
    ],
    close: () => endDaemon(daemon, home),
  };
}
