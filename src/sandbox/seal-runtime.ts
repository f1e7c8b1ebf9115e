import { closeSync, openSync, readSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type SealedProgram, sealProgram } from '../sys/process/sealed-program.ts';
import { isInitialUserNamespace } from '../sys/user-namespace/id-map.ts';

/** Those that ask whether they are sealed, and do without mounting or copying themselves then. */
const asking = ['runc', 'crun'];

/**
 * The runtime as a copy that is sealed, where that is of use: else as it lies.
 * @param directory where a link to it is made, which gives the process its name
 */
export async function sealRuntime(program: string, directory: string): Promise<SealedProgram> {
  const name = basename(program);
  // Another user namespace is entered through a second program, and the copy is lost on the way.
  if (asking.includes(name) && isInitialUserNamespace()) {
    try {
      if (isBinary(program)) {
        const sealed = await sealProgram(program);
        const path = join(directory, name);
        symlinkSync(sealed.path, path);
        return { ...sealed, path };
      }
    } catch {
      // Some systems let no program run from memory.
    }
  }
  return { path: program, close() {} };
}

/** Whoever interprets a script opens it again, and would not find it. */
function isBinary(program: string): boolean {
  const start = Buffer.alloc(4);
  const fd = openSync(program, 'r');
  try {
    readSync(fd, start);
  } finally {
    closeSync(fd);
  }
  return start.equals(Buffer.from('\x7fELF'));
}
