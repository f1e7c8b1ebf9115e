import type { Ora } from 'ora';

/** The end of a terminal's text, which is drawn anew all the time; what is written to the stream scrolls up above it. */
export interface LiveArea {
  /** Shows it, unless it is shown or was closed. */
  show(): void;
  /** Takes it away for good. */
  close(): Promise<void>;
}

/**
 * A live area that is not shown yet. What draws it is loaded when it is: a build that is answered from the cache does
 * not pay for it.
 * @param text gives what stands in it now
 */
export function liveArea(stream: NodeJS.WriteStream, usesColors: boolean, text: () => string): LiveArea {
  let spinner: Ora | undefined;
  let loading: Promise<void> | undefined;
  let isClosed = false;

  async function load(): Promise<void> {
    const { default: ora } = await import('ora');
    if (isClosed) return;
    spinner = ora({
      stream,
      // Whether there is a terminal was settled before; by itself it takes $CI for a no.
      isEnabled: true,
      text: 'building',
      suffixText: text,
      color: usesColors ? 'cyan' : false,
      discardStdin: false,
    });
    spinner.start();
  }

  return {
    show() {
      loading ??= load();
    },
    async close() {
      isClosed = true;
      await loading;
      spinner?.stop();
    },
  };
}
