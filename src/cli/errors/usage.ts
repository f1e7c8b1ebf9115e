import type { CommanderError } from 'commander';
import { UsageError } from '../../core/errors.ts';

const codes: Readonly<Record<string, string>> = {
  'commander.unknownOption': 'unknown-flag',
  'commander.unknownCommand': 'unknown-command',
  'commander.optionMissingArgument': 'missing-value',
  'commander.missingArgument': 'missing-argument',
  'commander.excessArguments': 'too-many-arguments',
};

/** What commander has to say about a command line, in strata's words. */
export function usageError(error: CommanderError, command: string): UsageError {
  const [first = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const near = /\(Did you mean (?:one of )?(.*)\?\)/.exec(suggestion ?? '')?.[1];
  const isContext = error.code === 'commander.missingArgument' && first.includes("'CONTEXT'");
  const usual = isContext
    ? `the directory that COPY takes files from, often ".": ${command} .`
    : `see \`${command} --help\``;
  const hint = near === undefined ? usual : `did you mean ${near}?`;
  return new UsageError(codes[error.code] ?? 'bad-usage', reword(first, command), { hint });
}

function reword(message: string, command: string): string {
  const missing = /^option '(?:-\w, )?(--[^ ]+) .*' argument missing$/.exec(message)?.[1];
  if (missing !== undefined) return `${missing} needs a value`;
  const argument = /^missing required argument '(.*)'$/.exec(message)?.[1];
  if (argument !== undefined) return `${command} needs ${argument}`;
  const excess = /Expected (\d+) arguments? but got (\d+)/.exec(message);
  if (excess !== null) return `${command} takes ${count(excess[1])}, got ${excess[2]}`;
  return message.replaceAll("'", '"');
}

function count(number: string | undefined): string {
  return number === '1' ? 'one argument' : `${number} arguments`;
}
