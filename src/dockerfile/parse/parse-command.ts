import { suggest } from '../../core/suggest.ts';
import type {
  Command,
  CommandInstruction,
  InstructionBase,
  RunInstruction,
  ShellInstruction,
  Word,
} from '../instruction.ts';
import { needsArguments, onlyStrings, shellNotJson } from '../problems/arguments.ts';
import { badDevice, badMount, badNetworkMode, badSecurityMode } from '../problems/flags.ts';
import { complain, type Statement } from '../statement.ts';
import type { Token } from '../text/split.ts';
import { parseDevice } from './device.ts';
import { flagWord, flagWords } from './flags.ts';
import { parseJsonArray } from './json-array.ts';
import { checkMountSyntax } from './parse-mount.ts';

/** A JSON array, else the text as it stands (spec 1.7); undefined after an error. */
export function parseCommand(statement: Statement, rest: Token = statement.rest): Command | undefined {
  const array = parseJsonArray(rest.text);
  if (array.kind === 'mixed') {
    complain(statement, onlyStrings(), rest);
    return undefined;
  }
  if (array.kind === 'none') return { form: 'shell', text: rest.text };
  return { form: 'exec', args: array.items.map((item) => item.value) };
}

/** CMD and ENTRYPOINT. */
export function parseCommandInstruction<K extends 'cmd' | 'entrypoint'>(
  statement: Statement,
  base: InstructionBase<K>,
): CommandInstruction<K> | undefined {
  const command = parseCommand(statement);
  return command && { ...base, command };
}

/** SHELL, which has the exec form alone. */
export function parseShell(
  statement: Statement,
  base: InstructionBase<'shell'>,
): ShellInstruction | undefined {
  const command = parseCommand(statement);
  if (command === undefined) return undefined;
  const isEmpty = command.form === 'exec' ? command.args.length === 0 : command.text === '';
  if (isEmpty) complain(statement, needsArguments('SHELL'), statement.rest);
  else if (command.form === 'shell') complain(statement, shellNotJson(), statement.rest);
  else return { ...base, args: command.args };
  return undefined;
}

const networkModes = ['default', 'none', 'host'];
const securityModes = ['sandbox', 'insecure'];

/** RUN (spec 3.5). Mount options are checked when the stage is planned, but for their shape. */
export function parseRun(statement: Statement, base: InstructionBase<'run'>): RunInstruction | undefined {
  const { flags } = base;
  const { report, heredocs } = statement;
  const mounts = flagWords(flags, 'mount');
  const devices = flagWords(flags, 'device');
  const network = flagWord(flags, 'network');
  const security = flagWord(flags, 'security');
  for (const mount of mounts) {
    const problem = checkMountSyntax(mount);
    if (problem !== undefined) report.error(badMount(problem.message, problem.help), problem.span);
  }
  for (const device of devices) {
    const parsed = parseDevice(device.raw);
    if (!parsed.ok) report.error(badDevice(parsed.message, parsed.help), device.span);
  }
  checkChoice(statement, network, networkModes, badNetworkMode);
  checkChoice(statement, security, securityModes, badSecurityMode);
  const command = parseCommand(statement);
  if (command === undefined) return undefined;
  return {
    ...base,
    command,
    heredocs,
    mounts,
    devices,
    ...(network && { network }),
    ...(security && { security }),
  };
}

function checkChoice(
  statement: Statement,
  word: Word | undefined,
  choices: readonly string[],
  problem: typeof badNetworkMode,
): void {
  if (word !== undefined && !choices.includes(word.raw))
    statement.report.error(problem(word.raw, suggest(word.raw, choices)), word.span);
}
