import type { Sandbox } from '../../sandbox/sandbox.ts';

/** Where the steps of one build run: opened when the first one does. */
export interface StepSandbox {
  open(): Promise<Sandbox>;
  /** No step is to run any more, unless one does after all: begins to clear up while other work goes on. */
  end(): void;
  /** Ends it, and waits until everything is cleared up. */
  close(): Promise<void>;
}

/** @param make opens a sandbox; asked again when a step runs after the end */
export function stepSandbox(make: () => Promise<Sandbox>): StepSandbox {
  let current: Promise<Sandbox> | undefined;
  let ending: Promise<unknown> = Promise.resolve();

  function end(): void {
    // One that could not be opened was reported by whoever asked for it.
    const ended = current?.then(
      (opened) => opened.close(),
      () => {},
    );
    current = undefined;
    ending = Promise.all([ending, ended]);
    // A failure is for whoever waits for the end of the build.
    ending.catch(() => {});
  }

  return {
    open() {
      current ??= make();
      return current;
    },
    end,
    async close() {
      end();
      await ending;
    },
  };
}
