import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from './capabilities.ts';
import { type Outcome, type RunOptions, run, runOk, type Service, startService } from './process.ts';

export interface DockerEngine extends Service {
  /** Runs the docker client against this engine. */
  docker(args: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** Where the containerd listens that the engine has with it. */
  readonly containerd: string;
}

/** Debian's docker engine with data, socket and log of its own in `dir`, which must have a short path. */
export async function startDockerd(dir: string): Promise<DockerEngine> {
  const program = findProgram('dockerd');
  if (program === undefined) throw new Error('dockerd is not installed');
  mkdirSync(dir, { recursive: true });
  const host = `unix://${join(dir, 'docker.sock')}`;
  // Another docker earlier on PATH may be a client of another age.
  const docker = (args: readonly string[], options: RunOptions = {}): Promise<Outcome> =>
    run('/usr/bin/docker', ['--config', join(dir, 'config'), '--host', host, ...args], options);

  const service = await startService(
    program,
    [
      ...['--data-root', join(dir, 'data'), '--exec-root', join(dir, 'exec'), '--pidfile', join(dir, 'pid')],
      ...['--host', host, '--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false'],
    ],
    join(dir, 'dockerd.log'),
    async () => (await docker(['version'])).code === 0,
  );
  return {
    ...service,
    docker,
    containerd: join(dir, 'exec/containerd/containerd.sock'),
    async stop() {
      await service.stop();
      // The engine leaves the namespaces it made mounted.
      const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
      const left = mounts
        .map((line) => line.split(' ')[1] ?? '')
        .filter((path) => path.startsWith(`${dir}/`));
      for (const path of left.reverse()) await runOk('umount', ['-l', path]);
    },
  };
}
