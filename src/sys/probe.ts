import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { HostError } from '../core/errors.ts';

/** Where runtimes and mount tools lie that a person's PATH often leaves out. */
const systemDirectories = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/bin', '/usr/bin', '/bin'];

/** The path of a program: as given when it holds a slash, else from PATH and the usual system directories. */
export function findProgram(name: string, searchPath = process.env.PATH ?? ''): string | undefined {
  if (name.includes('/')) return isProgram(name) ? name : undefined;
  const onPath = searchPath.split(delimiter).filter((directory) => directory.startsWith('/'));
  return [...onPath, ...systemDirectories].map((directory) => join(directory, name)).find(isProgram);
}

/**
 * The path of a program the build cannot do without.
 * @param hint what to do when it is missing
 * @throws HostError `program-missing`
 */
export function requireProgram(name: string, hint: string): string {
  const path = findProgram(name);
  if (path === undefined) {
    throw new HostError('program-missing', `"${name}" is not installed, or not executable`, { hint });
  }
  return path;
}

/** What this machine can do for a build. */
export interface HostAbilities {
  readonly isRoot: boolean;
  /** Whether the kernel has overlay loaded; a module that is not shows up only at its first mount. */
  readonly hasOverlay: boolean;
}

/** What this process and its kernel can do. */
export function probeHost(): HostAbilities {
  return {
    isRoot: process.geteuid?.() === 0,
    hasOverlay: /\boverlay$/m.test(readFileSync('/proc/filesystems', 'utf8')),
  };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
