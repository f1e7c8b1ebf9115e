import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { bytePathFromText } from '../core/byte-path.ts';
import { mountFilesystem, unmount } from '../sys/mount/mount.ts';
import { enterMountNamespace } from '../sys/mount/mount-namespace.ts';
import { requireProgram } from '../sys/probe.ts';
import { type Cage, openCage } from '../sys/process/cage.ts';
import {
  type CgroupPlace,
  cgroupRoot,
  findCgroupPlace,
  isSecondVersion,
  secondHierarchy,
} from './limits/cgroup-place.ts';
import { hasCgroup } from './limits/step-cgroups.ts';
import { type Networks, openNetworks } from './network.ts';
import { sealRuntime } from './seal-runtime.ts';

/** Where the steps of one build run. */
export interface Sandbox {
  /** The OCI runtime: where to start it. */
  readonly runtime: string;
  /** In memory, and seen by the main thread and its children only: bundles, secrets, the runtime's state. */
  readonly directory: string;
  readonly cage: Cage;
  /** Where the control groups of steps are made. */
  readonly cgroups: CgroupPlace;
  /** Those of all steps so far: their runtimes take most of them away. */
  readonly madeCgroups: string[];
  /** Connections to the outside for steps of network mode `default`. */
  readonly networks: Networks;
  /** A name no container of any build had before. */
  newContainerID(): string;
  /** Ends what still runs and leaves nothing behind; when the process dies instead, the same happens. */
  close(): Promise<void>;
}

/**
 * @param runtime name or path of the OCI runtime: runc, crun
 * @param directory what this build alone writes in; made when missing
 * @param name the id of its run and a number, which no other sandbox had: the cgroups of its steps bear it, so that
 *   whoever finds one knows of which run it is (`stepCgroups`)
 * @param tell takes a line about what this machine lacks, at most once
 * @throws HostError `program-missing`, `no-mount-namespace`, `no-cage`, `mount-failed`
 */
export async function openSandbox(
  runtime: string,
  directory: string,
  name: string,
  tell: (note: string) => void,
): Promise<Sandbox> {
  const program = requireProgram(
    runtime,
    'install an OCI runtime (Debian: apt-get install runc), or name another one with --runtime',
  );
  enterMountNamespace();
  coverSecondHierarchy();
  mkdirSync(directory, { recursive: true });
  const target = bytePathFromText(directory);
  mountFilesystem({ source: 'strata', target, type: 'tmpfs', flags: ['noSuid', 'noDev'], data: 'mode=700' });
  const prefix = `strata-${name}`;
  // Who was killed, we or a runtime, cannot remove the cgroups it made; where the cage was killed with us, the next
  // build does. What covers the second hierarchy goes with us.
  const clearUp = [
    ...['find', cgroupRoot, '-depth', '-type', 'd', '-path', `*/${prefix}-*`],
    ...['!', '-path', `${secondHierarchy}/*`, '-exec', 'rmdir', '{}', '+'],
  ];
  const sealing = sealRuntime(program, directory);
  const cage = await openCage(join(directory, 'proc'), clearUp).catch(async (error: unknown) => {
    (await sealing).close();
    unmount(target);
    throw error;
  });
  const sealed = await sealing;
  let isClosing = false;
  // What is being started when a build fails ends with it, which says nothing about the machine.
  const networks = openNetworks(directory, cage, (note) => {
    if (!isClosing) tell(note);
  });
  const madeCgroups: string[] = [];
  let count = 0;
  return {
    runtime: sealed.path,
    directory,
    cage,
    cgroups: findCgroupPlace(),
    madeCgroups,
    networks,
    newContainerID: () => `${prefix}-${count++}`,
    close: async () => {
      isClosing = true;
      try {
        await cage.close(madeCgroups.some(hasCgroup));
      } finally {
        networks.close();
        sealed.close();
      }
      unmount(target);
    },
  };
}

/**
 * Some hosts have all controllers in the first cgroup version and a hierarchy of the second, without any,
 * beside them. crun refuses to work there, and nobody needs it: in our mount namespace it is covered.
 */
function coverSecondHierarchy(): void {
  if (isSecondVersion(secondHierarchy)) {
    mountFilesystem({
      source: 'strata',
      target: secondHierarchy,
      type: 'tmpfs',
      flags: ['noSuid', 'noDev', 'noExec'],
    });
  }
}
