import type { ProgressEvent } from '../core/event.ts';

/** Shows a build while it runs. Nothing it writes is data: it goes where talk goes, to standard error. */
export interface Renderer {
  handle(event: ProgressEvent): void;
  /** Writes what is still held back and leaves the stream as it was found. No event may follow. */
  close(): void | Promise<void>;
}

/** As much of a writable stream as a renderer needs. */
export interface TextSink {
  write(text: string): unknown;
}
