/**
 * What a test may need of the machine. A test that cannot run here is skipped under a title that names what
 * is missing; the reporter (`counting-reporter.ts`) fails the run when the machine has it after all.
 */
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, type SuiteFactory } from 'vitest';

const probes = {
  root: () => process.getuid?.() === 0,
  runc: () => findProgram('runc') !== undefined,
  overlay: () => readFileSync('/proc/filesystems', 'utf8').includes('\toverlay\n'),
  newuidmap: () => findProgram('newuidmap') !== undefined,
  registry: () => findProgram('docker-registry', 'registry') !== undefined,
  skopeo: () => findProgram('skopeo') !== undefined,
  umoci: () => findProgram('umoci') !== undefined,
  buildah: () => findProgram('buildah') !== undefined,
  dockerd: () => findProgram('dockerd') !== undefined && isExecutable('/usr/bin/docker'),
  ctr: () => findProgram('ctr') !== undefined,
  ip: () => findProgram('ip') !== undefined,
  qemu: () => findProgram('qemu-aarch64-static') !== undefined,
  'ssh-agent': () => findProgram('ssh-agent') !== undefined,
  strace: () => findProgram('strace') !== undefined,
  python3: () => findProgram('python3') !== undefined,
  chromium: () => findProgram('chromium', 'chromium-browser') !== undefined,
  mmdebstrap: () => findProgram('mmdebstrap') !== undefined,
  'fuse-overlayfs': () => findProgram('fuse-overlayfs') !== undefined && existsSync('/dev/fuse'),
} satisfies Record<string, () => boolean>;

export type Capability = keyof typeof probes;

/** What every build with a RUN takes. */
export const sandboxNeeds: readonly Capability[] = ['root', 'runc', 'overlay'];

/** What a build takes whose image goes to all the referees. */
export const refereeNeeds: readonly Capability[] = [...sandboxNeeds, 'skopeo', 'umoci', 'buildah', 'dockerd'];

/** A `describe` that runs only where the machine has all of `needs`. */
export function describeWith(needs: readonly Capability[], title: string, define: SuiteFactory): void {
  const missing = needs.filter((need) => !probes[need]());
  if (missing.length === 0) describe(title, define);
  else describe.skip(`${title} (this machine lacks: ${missing.join(', ')})`, define);
}

/** Whether a skipped test's full title names something that this machine does lack. */
export function skipIsJustified(title: string): boolean {
  const named = /\(this machine lacks: ([a-z0-9, -]+)\)/.exec(title)?.[1]?.split(', ') ?? [];
  return named.some((name) => name in probes && !probes[name as Capability]());
}

/** The first of these programs on PATH or where system daemons lie. */
export function findProgram(...names: readonly string[]): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  for (const name of names) {
    const found = folders.map((folder) => join(folder, name)).find(isExecutable);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
