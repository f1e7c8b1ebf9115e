import type { Command } from 'commander';
import type { OutputTail } from '../build/output-tail.ts';
import type { CliIO } from '../io.ts';
import type { BecomeRoot } from '../namespace.ts';

/** What every command gets: the world, what stops it, and where the state lies. */
export interface CommandContext {
  readonly io: CliIO;
  readonly signal: AbortSignal;
  /** The state directory, `--root` considered. */
  root(): string;
  /** Whether `--debug` was given. */
  isDebug(): boolean;
  readonly becomeRoot: BecomeRoot;
  /** Set by a command whose failure is better understood with what its steps printed last. */
  tail: OutputTail | undefined;
  /** Set by a command that did what it was asked and has bad news, such as a check that found something. */
  exitCode: 0 | 1;
}

/** Adds arguments, options, an example and an action to the bare command of that name. */
export type DefineCommand = (command: Command, context: CommandContext) => void;
