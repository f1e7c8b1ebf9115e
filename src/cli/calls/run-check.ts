import type { CallOptions } from '../../build/calls/call.ts';
import { type CheckReport, checkDockerfile } from '../../build/calls/check.ts';
import type { CommandContext } from '../commands/command.ts';
import type { CallRequest } from '../flags/call.ts';
import { forbidsColors } from '../terminal.ts';
import { callIO } from './call-io.ts';
import { printCheck, printCheckJSON, printSummary } from './print-check.ts';
import { printSarif } from './print-sarif.ts';
import { sourceURI } from './source-uri.ts';

/** Checks and prints; says whether nothing was found. */
export async function runCheck(
  format: CallRequest['format'],
  options: CallOptions,
  context: CommandContext,
): Promise<boolean> {
  const { stdout, stderr, env } = context.io;
  const report = await checkDockerfile(options, callIO(context));
  if (format === 'json') stdout.write(printCheckJSON(report));
  else if (format === 'sarif') stdout.write(printSarif(report, (name) => sourceURI(name, options)));
  else {
    stdout.write(printCheck(report, stdout.isTTY === true && !forbidsColors(env)));
    stderr.write(printSummary(report));
  }
  return isClean(report);
}

function isClean({ errors, warnings }: CheckReport): boolean {
  return errors.length + warnings.length === 0;
}
