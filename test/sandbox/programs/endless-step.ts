/** Starts a step that would never end, says so, and waits to be killed. */
import { openWorkshop, runIn } from '../busybox-root.ts';

const workshop = await openWorkshop(process.argv[2] ?? 'runc');
process.stdout.write(`${workshop.directory}\n${workshop.sandbox.newContainerID()}\n`);
await runIn(workshop, 'trap "" TERM; sleep 1000 & echo $STRATA_MARK; sleep 1000', {
  env: [
    ['PATH', '/bin'],
    ['STRATA_MARK', workshop.directory],
  ],
  onStdout: (chunk) => void process.stdout.write(chunk),
});
