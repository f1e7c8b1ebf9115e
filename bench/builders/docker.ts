import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Builder, baseName, type Surroundings } from './builder.ts';
import { endDaemon, outputOf, startDaemon, versionOf } from './processes.ts';

const client = '/usr/bin/docker';

/** The BuildKit inside Debian's docker engine. It writes no OCI archives: `docker save` stands for that. */
export async function docker({ dir, base }: Surroundings): Promise<Builder | undefined> {
  const version = versionOf('dockerd', ['--version']);
  if (version === undefined || !existsSync(client)) return undefined;
  const home = join(dir, 'docker');
  mkdirSync(home);
  const host = `unix://${join(home, 'socket')}`;
  const options = ['--config', join(home, 'config'), '--host', host];
  const run = (...args: string[]) => outputOf(client, [...options, ...args]);
  const directories = ['--data-root', 'data', '--exec-root', 'exec', '--pidfile', 'pid'];
  const daemon = await startDaemon(
    'dockerd',
    [
      ...directories.map((word) => (word.startsWith('--') ? word : join(home, word))),
      ...['--host', host, '--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false'],
    ],
    home,
    () => versionOf(client, [...options, 'version']) !== undefined,
  );
  return {
    name: 'docker',
    version,
    daemons: [daemon.pid ?? 0],
    reset() {
      const images = run('images', '--quiet').split('\n').filter(Boolean);
      if (images.length > 0) run('rmi', '--force', ...new Set(images));
      run('builder', 'prune', '--all', '--force');
      run('import', '--change', 'CMD ["/bin/sh"]', base.rootfs, baseName);
    },
    commands: (context, dest, tag) => [
      {
        program: client,
        args: [...options, 'build', '--network', 'host', '--progress', 'plain', '-t', tag, context],
        env: { DOCKER_BUILDKIT: '1' },
      },
      { program: client, args: [...options, 'save', '--output', dest, tag] },
    ],
    close: () => endDaemon(daemon, home),
  };
}
