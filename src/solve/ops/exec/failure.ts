import { StepError } from '../../../core/errors.ts';
import type { ExecOp } from '../../../plan/vertex.ts';
import type { StepExit } from '../../../sandbox/step.ts';
import type { ExecSettings } from './settings.ts';

/** @param isKept what the step left can be looked at */
export function stepFailure(
  op: ExecOp,
  { code, isOutOfMemory }: StepExit,
  { limits }: ExecSettings,
  isKept: boolean,
): StepError {
  const message = `${nameOf(op)} did not complete successfully: exit code: ${code}`;
  if (isOutOfMemory !== true) {
    const hint = isKept ? '`strata debug` opens a shell in this step, as it was left' : undefined;
    return new StepError('step-failed', message, { hint });
  }
  return new StepError(
    'step-out-of-memory',
    `${message}: it was killed for using more than ${limits.memoryBytes} bytes of memory`,
    { hint: 'give it more with --memory, or let it work on less at once' },
  );
}

export function stepTimedOut(op: ExecOp, milliseconds: number): StepError {
  return new StepError(
    'step-timed-out',
    `${nameOf(op)} was stopped: it took longer than ${milliseconds / 1000} s`,
    { hint: 'give each step more with --step-timeout' },
  );
}

function nameOf({ args }: ExecOp): string {
  return `process "${args.join(' ')}"`;
}
