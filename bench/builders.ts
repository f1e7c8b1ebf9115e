import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from './measure.ts';
import { baseName } from './workloads.ts';

export interface Builder {
  readonly name: string;
  readonly version: string;
  /** Forgets everything but the base image; not timed. */
  reset(): void | Promise<void>;
  /** What builds a context to a tar at `dest`; timed as one. */
  commands(context: string, dest: string): readonly Command[];
  /** Processes that work for the commands. */
  readonly daemons: readonly number[];
  close(): void | Promise<void>;
}

/** The base image as each builder likes it: a root filesystem, and an OCI layout made of it by strata. */
export interface Base {
  readonly context: string;
  readonly rootfs: string;
  readonly layout: string;
}

const quiet = (program: string, args: readonly string[], env: Record<string, string> = {}): string =>
  execFileSync(program, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });

export function strata(project: string, dir: string, base: Base): Builder {
  const root = join(dir, 'strata');
  const program = join(project, 'bin/strata');
  const flags = ['--root', root];
  return {
    name: 'strata',
    version: quiet(program, ['--version']).trim(),
    daemons: [],
    reset() {
      rmSync(root, { recursive: true, force: true });
      quiet(program, ['build', ...flags, '-t', baseName, base.context]);
    },
    commands: (context, dest) => [
      {
        program,
        args: ['build', ...flags, '--progress', 'plain', '--output', `type=oci,dest=${dest}`, context],
      },
    ],
    close: () => rmSync(root, { recursive: true, force: true }),
  };
}

export function buildah(dir: string, base: Base): Builder | undefined {
  const runtime = ['/usr/sbin/runc', '/usr/bin/runc'].find((path) => existsSync(path));
  const version = versionOf('buildah', ['--version']);
  if (version === undefined || runtime === undefined) return undefined;
  const root = join(dir, 'buildah');
  const storage = ['--root', root, '--runroot', join(dir, 'buildah-run'), '--storage-driver', 'overlay'];
  return {
    name: 'buildah',
    version,
    daemons: [],
    reset() {
      quiet('buildah', [...storage, 'rmi', '--all', '--force']);
      rmSync(root, { recursive: true, force: true });
      const id = quiet('buildah', [...storage, 'pull', '--quiet', `oci:${base.layout}`]).trim();
      quiet('buildah', [...storage, 'tag', id, `localhost/${baseName}`]);
    },
    commands: (context, dest) => [
      {
        program: 'buildah',
        args: [...storage, 'build', '--layers', '--runtime', runtime, '--pull-never', '-t', 'bench', context],
      },
      { program: 'buildah', args: [...storage, 'push', '--quiet', 'bench', `oci-archive:${dest}`] },
    ],
    close() {
      quiet('buildah', [...storage, 'rmi', '--all', '--force']);
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** The BuildKit inside Debian's docker engine. It writes no OCI archives: `docker save` stands for that. */
export async function dockerEngine(dir: string, base: Base): Promise<Builder | undefined> {
  const version = versionOf('/usr/sbin/dockerd', ['--version']);
  if (version === undefined || !existsSync('/usr/bin/docker')) return undefined;
  const home = join(dir, 'docker');
  mkdirSync(home, { recursive: true });
  const host = `unix://${join(home, 'socket')}`;
  const docker = ['--config', join(home, 'config'), '--host', host];
  const log = openSync(join(home, 'log'), 'w');
  const daemon = spawn(
    '/usr/sbin/dockerd',
    [
      ...[
        '--data-root',
        join(home, 'data'),
        '--exec-root',
        join(home, 'exec'),
        '--pidfile',
        join(home, 'pid'),
      ],
      ...['--host', host, '--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false'],
    ],
    { stdio: ['ignore', log, log] },
  );
  await until(() => versionOf('/usr/bin/docker', [...docker, 'version']) !== undefined, 'dockerd');
  quiet('/usr/bin/docker', [...docker, 'import', '--change', 'CMD ["/bin/sh"]', base.rootfs, baseName]);
  return {
    name: 'docker',
    version,
    daemons: [daemon.pid ?? 0],
    reset() {
      quiet('/usr/bin/docker', [...docker, 'builder', 'prune', '--all', '--force']);
    },
    commands: (context, dest) => [
      {
        program: '/usr/bin/docker',
        args: [...docker, 'build', '--network', 'host', '--progress', 'plain', '-t', 'bench', context],
        env: { DOCKER_BUILDKIT: '1' },
      },
      { program: '/usr/bin/docker', args: [...docker, 'save', '--output', dest, 'bench'] },
    ],
    close: () => endDaemon(daemon, home),
  };
}

/** A BuildKit of its own, where `buildkitd` and `buildctl` are on PATH. */
export async function buildkit(dir: string, base: Base): Promise<Builder | undefined> {
  const version = versionOf('buildkitd', ['--version']);
  if (version === undefined || versionOf('buildctl', ['--version']) === undefined) return undefined;
  const home = join(dir, 'buildkit');
  mkdirSync(home, { recursive: true });
  const address = ['--addr', `unix://${join(home, 'socket')}`];
  const log = openSync(join(home, 'log'), 'w');
  const daemon = spawn('buildkitd', [...address, '--root', join(home, 'data'), '--oci-worker-net', 'host'], {
    stdio: ['ignore', log, log],
  });
  await until(() => versionOf('buildctl', [...address, 'debug', 'workers']) !== undefined, 'buildkitd');
  return {
    name: 'buildkit',
    version,
    daemons: [daemon.pid ?? 0],
    reset() {
      quiet('buildctl', [...address, 'prune', '--all']);
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

function versionOf(program: string, args: readonly string[]): string | undefined {
  try {
    return quiet(program, args).split('\n')[0];
  } catch {
    return undefined;
  }
}

async function until(isReady: () => boolean, what: string): Promise<void> {
  for (let attempt = 0; !isReady(); attempt++) {
    if (attempt === 100) throw new Error(`${what} does not start`);
    await sleep(100);
  }
}

/** Ends a daemon and removes its data, the namespaces it left mounted first. */
async function endDaemon(daemon: ChildProcess, home: string): Promise<void> {
  daemon.kill('SIGTERM');
  await once(daemon, 'exit');
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const left = mounts.map((line) => line.split(' ')[1] ?? '').filter((path) => path.startsWith(`${home}/`));
  for (const mount of left.reverse()) quiet('umount', ['-l', mount]);
  rmSync(home, { recursive: true, force: true });
}
