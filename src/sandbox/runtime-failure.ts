import { StepError } from '../core/errors.ts';

/**
 * Why a runtime did not get a step to run, from its log (one JSON object a line, as runc and crun write it).
 * @param command what the step was to run
 */
export function runtimeFailure(log: string, command: string): StepError {
  const reason = lastError(log) ?? 'it does not say why';
  const quoted = `exec: ${JSON.stringify(command)}`;
  if (/executable file .*not found|exec: .*: no such file/.test(reason)) {
    const what = command.includes('/') ? 'no such file or directory' : 'executable file not found in $PATH';
    return new StepError('command-not-found', `${quoted}: ${what}`, { hint: notFoundHint(command) });
  }
  if (/exec: .*: permission denied|open executable:/.test(reason)) {
    return new StepError('command-not-executable', `${quoted}: permission denied`, {
      hint: 'it is a directory, or the user of the step may not execute it: see its mode (chmod +x)',
    });
  }
  return new StepError('runtime-failed', `the container runtime failed: ${reason}`, {
    hint: '`strata doctor` says what this machine lacks; limits that it refuses end here, too',
  });
}

function notFoundHint(command: string): string {
  return /(^|\/)(sh|bash)$/.test(command)
    ? 'the image has no such shell: choose one with SHELL, or write RUN in exec form (["program", "argument"])'
    : 'the program must be in the image, by this path or in a directory of its PATH';
}

/** runc wraps its reason in what it was doing, which every reader knows. */
const wrapping = /^(runc run failed: |unable to start container process: |error during container init: )+/;

function lastError(log: string): string | undefined {
  let found: string | undefined;
  for (const line of log.split('\n')) {
    const entry = parseEntry(line);
    if (entry?.level === 'error' && typeof entry.msg === 'string') found = entry.msg.replace(wrapping, '');
  }
  return found;
}

function parseEntry(line: string): { level?: unknown; msg?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
