/**
 * Every failure a person can meet has a stable code, a message, and where it helps a hint saying what
 * to do next. Callers match on `code`, never on the class or the text. The exit status follows the
 * class (docs/ARCHITECTURE.md, "Errors"); anything that is not a StrataError is a bug in strata.
 */
import type { Diagnostic } from './source/diagnostic.ts';
import type { SourceText, Span } from './source/span.ts';

/** What an error says besides its code and message. */
export interface ErrorDetails {
  readonly hint?: string | undefined;
  /** The word of the instruction that it is about, for who knows where that stands. */
  readonly word?: string | undefined;
  readonly cause?: unknown;
}

/** An error that strata foresaw: its class says whose problem it is, its code which one. */
export class StrataError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly word: string | undefined;
  /** Where in the Dockerfile; attached once, by whoever knows the instruction. */
  place: { readonly source: SourceText; readonly span: Span } | undefined;

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = details.hint;
    this.word = details.word;
  }
}

/** The command line is wrong. Exit 2. */
export class UsageError extends StrataError {}

/** The Dockerfile or an ignore file is wrong; carries as many diagnostics as were found. Exit 1. */
export class DockerfileError extends StrataError {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics[0]?.code ?? 'dockerfile', diagnostics[0]?.message ?? 'the Dockerfile has errors');
    this.diagnostics = diagnostics;
  }
}

/** A step of the build failed: a RUN that exited with a code or a signal, a COPY without its source. Exit 1. */
export class StepError extends StrataError {}

/** This machine lacks something: a runtime, a right, room on the disk. Exit 1. */
export class HostError extends StrataError {}

/** A server answered wrongly or not at all; messages carry no credentials. Exit 1. */
export class RemoteError extends StrataError {}

/** Bytes are not what their name says. Exit 1. */
export class IntegrityError extends StrataError {}

/** The person (or a signal) stopped the work: a state, not a failure. Exit 130. */
export class CanceledError extends StrataError {
  constructor(message = 'canceled') {
    super('canceled', message);
  }
}

/** The `code` of a Node system error (`ENOENT`, `ENOSPC` …), else undefined. */
export function systemCode(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return undefined;
}

/** Does what `work` does; a failure names the work: the printed chain then reads as a path. */
export async function during<T>(phrase: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StrataError || !(error instanceof Error)) throw error;
    if (isDiskFull(error)) throw diskFull(phrase, error);
    throw new Error(`${phrase}: ${error.message}`, { cause: error });
  }
}

/** Whether a failure, as the system or as we put it, is that there is no room on the disk. */
export function isDiskFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'disk-full'].includes(systemCode(error) ?? '');
}

/** The one error for a full disk, whoever meets it. */
export function diskFull(phrase: string, cause: unknown): HostError {
  return new HostError('disk-full', `${phrase}: no space left on the device`, {
    hint: 'free some space (`strata prune` removes what no image needs) and build again; nothing that was stored before is lost',
    cause,
  });
}
