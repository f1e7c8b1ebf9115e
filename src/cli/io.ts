import type { Readable, Writable } from 'node:stream';

/** What the program has of the world: a process has all of it, and so has a test. */
export interface CliIO {
  readonly stdin: Readable;
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
}
