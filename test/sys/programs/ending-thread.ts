/** Ends a thread whose answers have all come but were not looked at yet, and says when it has ended. */
import type { FilesToHash } from '../../../src/copy/digest/hash-ahead.ts';
import { openThread } from '../../../src/sys/thread/thread.ts';

// Beside the bundle of this program there are no threads.
const thread = openThread<FilesToHash, unknown>('../../../dist/hash-worker', 'to be ended');
const question = (): FilesToHash => ({
  directory: '/',
  files: [],
  claim: new Int32Array(new SharedArrayBuffer(4)),
});
await thread.ask(question());
const asked = [question(), question()];
for (const each of asked) thread.ask(each).catch(() => undefined);
// Nothing is looked at meanwhile.
const sleep = (milliseconds: number) =>
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
while (asked.some(({ claim }) => Atomics.load(claim, 0) === 0)) sleep(10);
sleep(100);
await thread.end();
process.stdout.write('ended');
