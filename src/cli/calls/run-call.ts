import type { CallOptions } from '../../build/calls/call.ts';
import type { CommandContext } from '../commands/command.ts';
import type { CallRequest } from '../flags/call.ts';
import { callIO } from './call-io.ts';

/**
 * Says about a Dockerfile what was asked: findings and lists on standard output, how it went on standard error.
 * A check that found anything makes the exit status 1.
 */
export async function runCall(
  { method, format, ignoresFindings }: CallRequest,
  options: CallOptions,
  context: CommandContext,
): Promise<void> {
  const { io } = context;
  switch (method) {
    case 'check': {
      const { runCheck } = await import('./run-check.ts');
      const isClean = await runCheck(format, options, context);
      if (!isClean && !ignoresFindings) context.exitCode = 1;
      break;
    }
    case 'outline': {
      const { outlineDockerfile } = await import('../../build/calls/outline.ts');
      const { printOutline, printOutlineJSON } = await import('./print-outline.ts');
      const { outline, source } = await outlineDockerfile(options, callIO(context));
      const text = format === 'json' ? printOutlineJSON(outline, source) : printOutline(outline);
      io.stdout.write(text);
      // As buildx has it, such an outline is empty; a person may wonder.
      if (text === '') io.stderr.write('The target takes no arguments, secrets, agents or caches.\n');
      break;
    }
    case 'targets': {
      const { listTargets } = await import('../../build/calls/targets.ts');
      const { printTargets, printTargetsJSON } = await import('./print-targets.ts');
      const { targets, source } = await listTargets(options, callIO(context));
      io.stdout.write(format === 'json' ? printTargetsJSON(targets, source) : printTargets(targets));
    }
  }
}
