import { isLibcLoaded, libcFunction } from '../libc.ts';

const exit = libcFunction('void _exit(int status)');

/**
 * Ends the process, with `process.exitCode`, behind what listens for its end. What libraries do there is left out:
 * koffi would flush the files to the disk that standard output and error go to.
 */
export function exitAtOnce(): never {
  if (isLibcLoaded()) process.on('exit', (code) => exit(code));
  process.exit();
}
