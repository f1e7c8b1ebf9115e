import { type Command, CommanderError } from 'commander';
import { exitAtOnce } from '../sys/process/exit-at-once.ts';
import type { CommandContext } from './commands/command.ts';
import { describeError } from './errors/report-error.ts';
import { usageError } from './errors/usage.ts';
import { abortOnSignals } from './interrupt.ts';
import type { CliIO } from './io.ts';
import { openBecomeRoot } from './namespace.ts';
import { openProgram } from './program.ts';
import { stateRoot } from './state-root.ts';
import { columnsOf, usesColors } from './terminal.ts';

/**
 * Runs one command line.
 * @param args without the program's name
 * @returns the exit status: 0 success, 1 failure, 2 wrong usage, 130 canceled, 70 a bug in strata
 */
export async function main(args: readonly string[], io: CliIO): Promise<number> {
  const interrupt = abortOnSignals(process, () => {
    io.stderr.write('stopping; once more to stop at once\n');
  });
  const root = () => stateRoot(program.opts<{ root?: string }>().root, io.env, process.geteuid?.() === 0);
  const context: CommandContext = {
    io,
    signal: interrupt.signal,
    root,
    becomeRoot: openBecomeRoot(root),
    isDebug: () => program.opts<{ debug?: boolean }>().debug === true,
    tail: undefined,
    exitCode: 0,
  };
  const program = openProgram(context);
  // Whoever reads our output may stop reading; that is no failure of ours.
  io.stdout.on('error', ignoreBrokenPipe);
  try {
    await parse(program, args);
    return context.exitCode;
  } catch (error) {
    const { text, exitCode } = describeError(error, {
      usesColors: usesColors(io),
      columns: columnsOf(io),
      isDebug: context.isDebug(),
      output: context.tail?.failed(),
    });
    io.stderr.write(text);
    return exitCode;
  } finally {
    interrupt.release();
  }
}

/** The end of a program in which an error got past everybody who could have caught it. */
export function crash(error: unknown, io: CliIO): never {
  const { text, exitCode } = describeError(error, {
    usesColors: usesColors(io),
    columns: columnsOf(io),
    isDebug: true,
    output: undefined,
  });
  io.stderr.write(text);
  process.exit(exitCode);
}

/**
 * Ends the process when its work is done, with the exit code it has. Left alone, it waits for its threads and takes its
 * memory apart, 5 to 10 ms in which nothing happens any more.
 */
export function leave({ stdout, stderr }: CliIO): void {
  const isPrinted = stdout.writableLength === 0 && stderr.writableLength === 0;
  // Profilers and the like write down what they saw when Node ends by itself.
  const isWatched =
    process.execArgv.length > 0 || process.env.NODE_OPTIONS || process.env.NODE_V8_COVERAGE !== undefined;
  if (isPrinted && !isWatched) exitAtOnce();
}

async function parse(program: Command, args: readonly string[]): Promise<void> {
  if (args.length === 0) {
    program.outputHelp();
    return;
  }
  try {
    // A command's options are known only on the way to it, and `help build` takes another way.
    const [first, ...others] = args;
    const asked = first === 'help' && others.length > 0 ? [...others, '--help'] : args;
    await program.parseAsync(asked, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version were printed.
    if (error.exitCode === 0) return;
    throw usageError(error, commandName(program, args));
  }
}

/** `strata build` when that is where the command line went wrong, else `strata`. */
function commandName(program: Command, args: readonly string[]): string {
  const command = program.commands.find((candidate) => args.includes(candidate.name()));
  return command === undefined ? program.name() : `${program.name()} ${command.name()}`;
}

function ignoreBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
