/** A thread that writes the files of layers that are being packed; their tars arrive in blocks of shared memory. */
import { answerQuestions } from '../../sys/thread/thread.ts';
import type { BlockUnpackTask } from './block-unpacker.ts';
import { type TarUnpacker, tarUnpacker } from './tar-unpacker.ts';

/** By upper directory; one that failed is there until it is closed, and writes no more. */
const unpackers = new Map<string, TarUnpacker | 'failed'>();

answerQuestions((task: BlockUnpackTask): void => {
  const { upper, places } = task;
  const unpacker = unpackers.get(upper) ?? tarUnpacker(upper, places);
  unpackers.set(upper, unpacker);
  if (task.kind === 'close') unpackers.delete(upper);
  if (unpacker === 'failed') return;
  try {
    if (task.kind === 'block') unpacker.push(task.bytes, task.notes);
    else if (task.kind === 'finish') unpacker.finish();
    else unpacker.close();
  } catch (error) {
    unpackers.set(upper, 'failed');
    unpacker.close();
    throw error;
  }
});
