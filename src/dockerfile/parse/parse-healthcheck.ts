import type { HealthcheckInstruction, InstructionBase } from '../instruction.ts';
import {
  healthcheckNoCommand,
  healthcheckNoneArguments,
  needsArguments,
  unknownHealthcheck,
} from '../problems/arguments.ts';
import { badDuration, badRetries, durationTooShort } from '../problems/flags.ts';
import { complain, type Statement } from '../statement.ts';
import { token } from '../text/split.ts';
import { isSpace, skipSpaces } from '../text/whitespace.ts';
import { flagWord } from './flags.ts';
import { parseCommand } from './parse-command.ts';
import { parseGoDuration } from './values.ts';

/** HEALTHCHECK (spec 3.16). */
export function parseHealthcheck(
  statement: Statement,
  base: InstructionBase<'healthcheck'>,
): HealthcheckInstruction | undefined {
  const { line, rest } = statement;
  let typeEnd = rest.start;
  while (typeEnd < rest.end && !isSpace(line.text.charAt(typeEnd))) typeEnd++;
  const type = token(line.text, rest.start, typeEnd);
  const command = token(line.text, skipSpaces(line.text, typeEnd, rest.end), rest.end);
  if (rest.text === '') {
    complain(statement, needsArguments('HEALTHCHECK'));
    return undefined;
  }
  if (isNone(type.text)) {
    if (command.text === '') return { ...base, test: ['NONE'] };
    complain(statement, healthcheckNoneArguments(), command);
    return undefined;
  }
  if (type.text.toUpperCase() !== 'CMD') {
    complain(statement, unknownHealthcheck(type.text.toUpperCase()), type);
    return undefined;
  }
  const options = readOptions(statement, base);
  const parsed = parseCommand(statement, command);
  if (parsed === undefined) return undefined;
  const words = parsed.form === 'exec' ? parsed.args : [parsed.text].filter((text) => text !== '');
  if (words.length === 0) {
    complain(statement, healthcheckNoCommand(), type);
    return undefined;
  }
  return { ...base, test: [parsed.form === 'exec' ? 'CMD' : 'CMD-SHELL', ...words], ...options };
}

/** `HEALTHCHECK NONE` swallows whatever flags stand before it. */
export function isNone(type: string): boolean {
  return type.toUpperCase() === 'NONE';
}

const durations = {
  interval: 'interval',
  timeout: 'timeout',
  'start-period': 'startPeriod',
  'start-interval': 'startInterval',
} as const;

type Options = Pick<
  HealthcheckInstruction,
  'interval' | 'timeout' | 'startPeriod' | 'startInterval' | 'retries'
>;

function readOptions(statement: Statement, base: InstructionBase<'healthcheck'>): Options {
  const options: { -readonly [K in keyof Options]: Options[K] } = {};
  for (const [flag, option] of Object.entries(durations)) {
    const word = flagWord(base.flags, flag);
    if (word === undefined || word.raw === '') continue;
    const nanoseconds = parseGoDuration(word.raw);
    if (nanoseconds === undefined) statement.report.error(badDuration(flag, word.raw), word.span);
    else if (nanoseconds !== 0 && nanoseconds < 1e6)
      statement.report.error(durationTooShort(flag, word.raw), word.span);
    else options[option] = nanoseconds;
  }
  const retries = flagWord(base.flags, 'retries');
  if (retries !== undefined && retries.raw !== '') {
    if (/^\+?\d{1,10}$/.test(retries.raw) && Number(retries.raw) < 2 ** 31)
      options.retries = Number(retries.raw);
    else statement.report.error(badRetries(retries.raw), retries.span);
  }
  return options;
}
