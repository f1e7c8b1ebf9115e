import type { DefineCommand } from './command.ts';

interface CommandEntry {
  readonly name: string;
  /** One line for `strata --help`. */
  readonly summary: string;
  /** Loads the command's own chunk: no command pays for another. */
  load(): Promise<DefineCommand>;
}

export const commands: readonly CommandEntry[] = [];
