import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type Builder, baseName, type Surroundings } from './builder.ts';
import { endDaemon, outputOf, startDaemon, versionOf } from './processes.ts';

/** Where the root filesystem of the engine sees the benchmark's directory. */
const seenAt = '/mnt';

/**
 * The mounts of a container for the engine, in a mount namespace of its own, and then the engine as the first process of
 * a process namespace: whatever ends it ends all it started, and every mount goes with them.
 */
const script = `set -e
root=$1; dir=$2; runc=$3; shift 3
mount --bind "$root" "$root"
mount --make-private "$root"
cd "$root"
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount --bind "$dir" .${seenAt}
[ -z "$runc" ] || mount --bind "$runc" usr/sbin/runc
exec chroot . "$@"`;

/**
 * The BuildKit inside the docker engine of a root filesystem that `bench/peer` made. With containerd's image store it
 * writes OCI archives with gzip layers itself. Its data is in the benchmark's directory, on the disk that strata's is on,
 * and its steps run with the machine's runc.
 * @throws when `root` holds no engine or it does not start
 */
export async function engine({ dir, base }: Surroundings, root: string): Promise<Builder> {
  for (const program of ['usr/sbin/dockerd', 'usr/bin/docker'])
    if (!existsSync(join(root, program))) throw new Error(`${root} has no ${program}: bench/peer makes it`);
  const home = join(dir, 'engine');
  mkdirSync(join(home, 'config'), { recursive: true });
  const inside = (path: string) => join(seenAt, relative(dir, path));
  const settings = { features: { 'containerd-snapshotter': true }, 'storage-driver': 'overlayfs' };
  writeFileSync(join(home, 'daemon.json'), JSON.stringify(settings));
  const runc = ['/usr/sbin/runc', '/usr/bin/runc'].find((path) => existsSync(path));
  const host = `unix://${inside(home)}/socket`;

  const daemon = await startDaemon(
    // Ends with the benchmark, however that ends.
    'setpriv',
    [
      ...['--pdeathsig', 'KILL', 'unshare', '--mount', '--pid', '--fork', '--kill-child'],
      ...['sh', '-c', script, 'sh', root, dir, runc ?? ''],
      ...['dockerd', '--config-file', `${inside(home)}/daemon.json`, '--data-root', `${inside(home)}/data`],
      ...['--exec-root', '/run/docker', '--pidfile', '/run/docker.pid', '--host', host],
      ...['--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false'],
    ],
    home,
    () => existsSync(join(home, 'socket')),
  );
  const first = childOf(daemon.pid ?? 0);
  const enter = ['--target', `${first}`, '--mount', '--root', '--wd=/'];
  const client = [...enter, 'docker', '--config', `${inside(home)}/config`, '--host', host];
  const run = (...args: string[]) => outputOf('nsenter', [...client, ...args]);
  const runcVersion = runc === undefined ? 'its own runc' : versionOf(runc, ['--version']);
  return {
    name: 'buildkit',
    version: `BuildKit of ${run('version', '--format', 'docker {{.Server.Version}}').trim()}, ${runcVersion}`,
    daemons: [daemon.pid ?? 0],
    reset() {
      const images = run('images', '--quiet').split('\n').filter(Boolean);
      if (images.length > 0) run('rmi', '--force', ...new Set(images));
      run('builder', 'prune', '--all', '--force');
      run('import', '--change', 'CMD ["/bin/sh"]', inside(base.rootfs), baseName);
    },
    commands(context, dest) {
      const build = ['buildx', 'build', '--network', 'host', '--provenance=false', '--progress', 'plain'];
      const output = ['--output', `type=oci,dest=${inside(dest)}`];
      return [{ program: 'nsenter', args: [...client, ...build, ...output, inside(context)] }];
    },
    close: () => endDaemon(daemon, home, first),
  };
}

/** The process that the only thread of `pid` started. */
function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ')[0]);
}
