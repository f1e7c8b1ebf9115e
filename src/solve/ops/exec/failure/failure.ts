import { StepError } from '../../../../core/errors.ts';
import { whyNoArray } from '../../../../dockerfile/problems/no-array.ts';
import type { ExecOp } from '../../../../plan/vertex.ts';
import type { StepExit } from '../../../../sandbox/step.ts';
import type { ExecSettings } from '../settings.ts';

/** What a program writes at once is mostly less: with so little left it may have failed for want of room. */
const scarceBytes = 4 << 20;

/**
 * @param freeBytes on the disk that the step wrote to, with what it wrote still there
 * @param isKept what the step left can be looked at
 */
export function stepFailure(
  op: ExecOp,
  { code, metLimit }: StepExit,
  { limits }: ExecSettings,
  freeBytes: number,
  isKept: boolean,
): StepError {
  const message = `${nameOf(op)} did not complete successfully: exit code: ${code}`;
  if (metLimit === 'memory') {
    return new StepError(
      'step-out-of-memory',
      `${message}: it was killed for using more than ${limits.memoryBytes} bytes of memory`,
      { hint: 'give it more with --memory, or let it work on less at once' },
    );
  }
  if (freeBytes < scarceBytes) {
    return new StepError('step-disk-full', `${message}; it left ${freeBytes} bytes free on the disk`, {
      hint: 'the disk that holds the store is full: free some space (`strata prune` removes what no image needs) and build again',
    });
  }
  if (metLimit === 'processes') {
    return new StepError(
      'step-out-of-processes',
      `${message}: it was refused more than ${limits.pidsLimit} processes and threads at a time`,
      { hint: 'give it more with --resource pids-limit=N, or let it do less at once' },
    );
  }
  return new StepError('step-failed', message, { hint: hintFor(op, isKept) });
}

/** A RUN that reached --step-timeout. */
export function stepTimedOut(op: ExecOp, milliseconds: number): StepError {
  return new StepError(
    'step-timed-out',
    `${nameOf(op)} was stopped: it took longer than ${milliseconds / 1000} s`,
    { hint: 'give each step more with --step-timeout' },
  );
}

function hintFor({ args }: ExecOp, isKept: boolean): string | undefined {
  // Run by the shell, which looks for a program called `["echo",`.
  const lack = args.length > 1 ? whyNoArray(args.at(-1) ?? '') : undefined;
  if (lack !== undefined) return `this is no JSON array, so the shell was given it as text: ${lack}`;
  return isKept ? '`strata debug` opens a shell in this step, as it was left' : undefined;
}

/** No more of a long command than tells which it was: the Dockerfile's lines are shown beside it. */
function nameOf({ args }: ExecOp): string {
  const [line = '', ...others] = args.join(' ').split('\n');
  const isWhole = line.length <= 100 && others.every((each) => each === '');
  return `process "${isWhole ? line : `${line.slice(0, 99)}…`}"`;
}
