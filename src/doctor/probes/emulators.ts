import { emulatedMachines } from '../../sandbox/foreign-program.ts';
import { type Finding, ok, warn } from '../finding.ts';

/** RUN steps for other machines than this. */
export function emulators(): Finding {
  const found = emulatedMachines();
  return found.length === 0
    ? warn(
        'emulators',
        'none: RUN steps work for the platform of this machine only',
        'apt-get install qemu-user-static',
      )
    : ok('emulators', `RUN steps work for ${found.join(', ')} too`);
}
