import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Builder, baseName, type Surroundings } from './builder.ts';
import { outputOf, versionOf } from './processes.ts';

/** Buildah with the runtime that strata uses, a store of its own, and a push to an archive. */
export function buildah({ dir, base }: Surroundings): Builder | undefined {
  const runtime = ['/usr/sbin/runc', '/usr/bin/runc'].find((path) => existsSync(path));
  const version = versionOf('buildah', ['--version']);
  if (version === undefined || runtime === undefined) return undefined;
  const root = join(dir, 'buildah');
  const storage = ['--root', root, '--runroot', join(dir, 'buildah-run'), '--storage-driver', 'overlay'];
  const forget = () => {
    outputOf('buildah', [...storage, 'rmi', '--all', '--force']);
    rmSync(root, { recursive: true, force: true });
  };
  return {
    name: 'buildah',
    version,
    daemons: [],
    reset() {
      forget();
      const id = outputOf('buildah', [...storage, 'pull', '--quiet', `oci:${base.layout}`]).trim();
      outputOf('buildah', [...storage, 'tag', id, `localhost/${baseName}`]);
    },
    commands(context, dest, tag) {
      // One base is here already, the other comes from a registry that speaks plain HTTP.
      const pulling = ['--pull=missing', '--tls-verify=false'];
      const build = ['build', '--layers', '--runtime', runtime, ...pulling, '-t', tag, context];
      return [
        { program: 'buildah', args: [...storage, ...build] },
        { program: 'buildah', args: [...storage, 'push', '--quiet', tag, `oci-archive:${dest}`] },
      ];
    },
    close: forget,
  };
}
