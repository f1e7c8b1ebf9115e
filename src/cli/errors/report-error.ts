import {
  CanceledError,
  DockerfileError,
  diskFull,
  isDiskFull,
  StrataError,
  systemCode,
  UsageError,
} from '../../core/errors.ts';
import { printDiagnostic } from '../../core/source/diagnostic.ts';
import type { FailedOutput } from '../build/output-tail.ts';
import { cleanText } from '../print/clean-text.ts';
import { version } from '../version.ts';
import { sourceStack } from './source-stack.ts';

export interface ReportOptions {
  readonly usesColors: boolean;
  /** Whether causes and stacks are shown for errors that are not strata's own fault too. */
  readonly isDebug: boolean;
  readonly output: FailedOutput | undefined;
  /** Of the terminal; undefined where there is none. */
  readonly columns: number | undefined;
}

/** What a failure is to the person, and the exit status it stands for (docs/ARCHITECTURE.md, "Errors"). */
export function describeError(error: unknown, options: ReportOptions): { text: string; exitCode: number } {
  const parts = explain(error, options);
  const debug = options.isDebug && error instanceof Error && parts.exitCode !== 70 ? [chain(error)] : [];
  const text = [...parts.texts, ...debug]
    .map((part) => `${cleanText(part, options.usesColors)}\n`)
    .join('\n');
  return { text, exitCode: parts.exitCode };
}

function explain(error: unknown, options: ReportOptions): { texts: string[]; exitCode: number } {
  if (error instanceof CanceledError) return { texts: [error.message], exitCode: 130 };
  if (error instanceof DockerfileError) {
    return { texts: error.diagnostics.map((each) => printDiagnostic(each, options.columns)), exitCode: 1 };
  }
  if (isDiskFull(error) && !(error instanceof StrataError) && error instanceof Error) {
    return explain(diskFull(error.message, error), options);
  }
  if (error instanceof StrataError) {
    const output = options.output === undefined ? [] : [lastOutput(options.output)];
    return {
      texts: [...output, strataError(error, options.columns)],
      exitCode: error instanceof UsageError ? 2 : 1,
    };
  }
  const code = systemCode(error) ?? (error instanceof Error ? systemCode(error.cause) : undefined);
  if (error instanceof Error && code !== undefined && /^E[A-Z0-9]+$/.test(code)) {
    return { texts: [`error: ${error.message} [${code}]`], exitCode: 1 };
  }
  const stack = error instanceof Error ? chain(error) : String(error);
  return { texts: [`error: this is a bug in strata ${version}, please report it`, stack], exitCode: 70 };
}

function strataError({ code, message, hint, place }: StrataError, columns: number | undefined): string {
  return printDiagnostic(
    {
      code,
      severity: 'error',
      message,
      source: place?.source,
      span: place?.span,
      help: hint,
    },
    columns,
  );
}

function lastOutput({ label, lines, omitted }: FailedOutput): string {
  const head =
    omitted === 0
      ? `output of ${short(label)}:`
      : `last output of ${short(label)} (${omitted} lines before it):`;
  return [head, ...lines.map((line) => `  | ${line}`)].join('\n');
}

/** The instruction itself is shown below. */
function short(label: string): string {
  return label.length > 100 ? `${label.slice(0, 99)}…` : label;
}

/** The stacks of an error and of everything behind it. */
function chain(error: Error): string {
  const below = error.cause instanceof Error ? `\ncaused by: ${chain(error.cause)}` : '';
  return sourceStack(error.stack ?? error.message) + below;
}
