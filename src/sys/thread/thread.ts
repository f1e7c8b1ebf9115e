import { parentPort, Worker } from 'node:worker_threads';
import { decodeThreadError, encodeThreadError, type ThreadError } from './thread-error.ts';
import { workerURL } from './worker-url.ts';

/** A thread that answers one question after the other. */
export interface Thread<Question, Answer> {
  /**
   * Asked after all that was asked before. What is asked is copied, but for memory that threads share.
   * @throws what went wrong in the thread
   */
  ask(question: Question): Promise<Answer>;
  /** Ends it, whatever it is doing; what it did not answer fails. */
  end(): Promise<void>;
}

type Reply<Answer> = { readonly answer: Answer } | { readonly error: ThreadError };

interface Pending<Answer> {
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/**
 * A thread that runs `program`, which calls `answerQuestions`. It starts with the first question and never keeps
 * the process alive when idle. One that ended is not started again: what it knew is gone.
 * @param program see `workerURL`
 * @param name for people who look at the process
 */
export function openThread<Question, Answer>(program: string, name: string): Thread<Question, Answer> {
  const pending: Pending<Answer>[] = [];
  let worker: Worker | undefined;
  let failure: { readonly error: unknown } | undefined;
  let isEnding = false;

  const fail = (error: unknown) => {
    failure ??= { error };
    for (const { reject } of pending.splice(0)) reject(error);
  };
  const start = (): Worker => {
    const started = new Worker(workerURL(program), { name, execArgv: [] });
    started.on('message', (reply: Reply<Answer>) => {
      const asked = pending.shift();
      // Whoever waits for its end needs the process alive until then.
      if (pending.length === 0 && !isEnding) started.unref();
      if ('error' in reply) asked?.reject(decodeThreadError(reply.error));
      else asked?.resolve(reply.answer);
    });
    started.on('error', fail);
    started.on('exit', (code) => fail(new Error(`the thread "${name}" exited with code ${code}`)));
    // Only now: whoever begins to listen to a thread holds it again.
    started.unref();
    return started;
  };

  return {
    ask(question) {
      return new Promise((resolve, reject) => {
        if (failure !== undefined) throw failure.error;
        worker ??= start();
        pending.push({ resolve, reject });
        worker.ref();
        worker.postMessage(question);
      });
    },
    async end() {
      isEnding = true;
      await worker?.terminate();
    },
  };
}

/** What the program of such a thread is: it answers one question after the other. What `answer` throws, whoever asked is told. */
export function answerQuestions<Question, Answer>(
  answer: (question: Question) => Answer | Promise<Answer>,
): void {
  const reply = async (question: Question): Promise<void> => {
    let said: Reply<Answer>;
    try {
      said = { answer: await answer(question) };
    } catch (error) {
      said = { error: encodeThreadError(error) };
    }
    parentPort?.postMessage(said);
  };
  let last = Promise.resolve();
  parentPort?.on('message', (question: Question) => {
    last = last.then(() => reply(question));
  });
}
