import { StepError } from '../../core/errors.ts';
import type { ExecSettings } from '../../solve/ops/exec/settings.ts';
import type { BuildIO } from '../options.ts';
import { openShell, type ShellPlace } from './shell.ts';

/** `--on-failure=shell`: for the first step that fails, a shell where it failed. */
export function failureShell(
  place: ShellPlace,
  { emit, now }: Pick<BuildIO, 'emit' | 'now'>,
): NonNullable<ExecSettings['onFailure']> {
  let isTaken = false;
  return async (sandbox, { id }, setting) => {
    if (isTaken) return;
    isTaken = true;
    emit({
      type: 'note',
      text: 'the step failed: a shell opens where it ran, and the build ends when you leave it',
      at: now(),
    });
    emit({ type: 'shell', id, state: 'opened', at: now() });
    try {
      await openShell(sandbox, setting, place);
    } catch (error) {
      if (!(error instanceof StepError)) throw error;
      emit({ type: 'note', text: `no shell was opened: ${error.message}`, at: now() });
    } finally {
      emit({ type: 'shell', id, state: 'closed', at: now() });
    }
  };
}
