import type { CallOptions } from '../../build/calls/call.ts';
import { type CheckReport, checkDockerfile } from '../../build/calls/check.ts';
import type { CommandContext } from '../commands/command.ts';
import type { CallRequest } from '../flags/call.ts';
import { forbidsColors } from '../terminal.ts';
import { printCheck, printCheckJSON, printSummary } from './print-check.ts';
import { printSarif } from './print-sarif.ts';
import { sourceURI } from './source-uri.ts';

/** Checks and prints; says whether nothing was found. */
export async function runCheck(
  format: CallRequest['format'],
  options: CallOptions,
  { io: { stdin, stdout, stderr, env }, signal }: CommandContext,
): Promise<boolean> {
  const report = await checkDockerfile(options, { stdin, signal, now: Date.now });
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
