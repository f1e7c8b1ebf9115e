/**
 * Starts a cage with a process in it that ignores every signal it can, prints the process id it has
 * outside, and waits to be killed, closes the cage, with or without clearing up, or ends.
 */
import { openCage } from '../../../src/sys/process/cage.ts';
import { spawnProcess } from '../../../src/sys/process/spawn.ts';

const [directory = '', witness = '', how] = process.argv.slice(2);
const cage = await openCage(`${directory}/proc`, ['touch', witness]);
const script = `trap '' TERM INT HUP; ls /proc | grep -c '^[0-9]'; echo $$; sleep 300 & sleep 300`;
let closing: Promise<void> | undefined;
const caged = spawnProcess('sh', ['-c', script], {
  cage,
  onStdout: (chunk) => {
    process.stdout.write(chunk);
    if (how === 'close') closing ??= cage.close(true);
    if (how === 'leave') closing ??= cage.close(false);
  },
});
if (how === 'return') process.exit(0);
const result = await caged;
process.stdout.write(JSON.stringify(result));
await closing;
