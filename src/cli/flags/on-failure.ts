import type { ShellPlace } from '../../build/shell/shell.ts';
import { UsageError } from '../../core/errors.ts';
import type { CliIO } from '../io.ts';
import { isTerminal } from '../terminal.ts';

/** Where a shell opens: at the terminal, or else at the standard streams as they are. */
export function shellPlace({ stdin, stdout, env }: CliIO): ShellPlace {
  return { hasTerminal: isTerminal(stdin) && isTerminal(stdout), term: env.TERM };
}

/**
 * `--on-failure`.
 * @throws UsageError `bad-flag-value`, `conflicting-flags`
 */
export function readOnFailure(
  { onFailure, progress, quiet, file }: OnFailureFlags,
  context: string,
  io: CliIO,
): ShellPlace | undefined {
  if (onFailure === undefined) return undefined;
  if (onFailure !== 'shell') {
    throw new UsageError('bad-flag-value', `--on-failure ${onFailure}: unknown value`, {
      hint: 'want shell',
    });
  }
  if (quiet === true || (progress !== undefined && progress !== 'auto' && progress !== 'plain')) {
    throw new UsageError('conflicting-flags', '--on-failure=shell shows the build as --progress plain does', {
      hint: 'leave --quiet and --progress out',
    });
  }
  if (context === '-' || file === '-') {
    throw new UsageError(
      'conflicting-flags',
      '--on-failure=shell: standard input is the context or Dockerfile',
      {
        hint: 'after the failure `strata debug` opens the shell',
      },
    );
  }
  return shellPlace(io);
}

interface OnFailureFlags {
  readonly onFailure?: string;
  readonly progress?: string;
  readonly quiet?: boolean;
  readonly file?: string;
}
