import { closeSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { lastSystemError, libcFunction } from '../libc.ts';

const memfdCreate = libcFunction('int memfd_create(const char *name, unsigned int flags)');
const fcntl = libcFunction('int fcntl(int fd, int command, int argument)');

/** MFD_CLOEXEC and MFD_ALLOW_SEALING; MFD_EXEC, of Linux 6.3, where the system says that memory holds no programs. */
const sealable = 0x01 | 0x02;
const executable = 0x10;
const addSeals = 1033;
/** F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE. */
const allSeals = 0x0f;

/** A copy of a program that nobody can change any more, whatever their rights. */
export interface SealedProgram {
  /** What starts it: a child process sees its own copy of the descriptor there until its program begins. */
  readonly path: string;
  close(): void;
}

/**
 * Copies a program into memory and seals it.
 *
 * A container runtime does the same, or mounts itself read-only, each time it enters a container, so that what runs in
 * there cannot overwrite it through /proc (CVE-2019-5736); one that finds itself sealed already starts sooner
 * (docs/PERFORMANCE.md).
 * @throws a system error where this is forbidden, or the program cannot be read
 */
export async function sealProgram(program: string): Promise<SealedProgram> {
  let fd = memfdCreate('program', sealable | executable);
  if (fd < 0) fd = memfdCreate('program', sealable);
  if (fd < 0) throw lastSystemError('memfd_create', program);
  const path = `/proc/self/fd/${fd}`;
  try {
    // With its mode.
    await copyFile(program, path);
    if (fcntl(fd, addSeals, allSeals) < 0) throw lastSystemError('fcntl', path);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return { path, close: () => closeSync(fd) };
}
