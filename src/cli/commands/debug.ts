import { configPlaces, readConfig } from '../config/config-file.ts';
import { shellPlace } from '../flags/on-failure.ts';
import { cleanText } from '../print/clean-text.ts';
import { printAge } from '../print/print-age.ts';
import type { DefineCommand } from './command.ts';

interface DebugFlags {
  readonly runtime?: string;
}

/** `strata debug`: a command or a shell where the last build failed; exits 0 or 1, as that did. */
export const defineDebug: DefineCommand = (command, context) => {
  const { io, signal, root, becomeRoot } = context;
  command
    .usage('[OPTIONS] [--] [COMMAND [ARGUMENT...]]')
    .argument('[COMMAND...]', 'what runs there (default: a shell)')
    .option('--runtime <name>', 'OCI runtime: runc, crun or a path')
    .addHelpText(
      'after',
      '\nThe last RUN that failed is kept as it left its filesystem; what you\nchange there is thrown away.\n' +
        '\nExamples:\n  strata debug\n  strata debug -- cat config.log',
    )
    .action(async (words: readonly string[], flags: DebugFlags) => {
      await becomeRoot();
      const { debugFailedStep } = await import('../../build/shell/debug-step.ts');
      const config = readConfig(configPlaces(io.env));
      const code = await debugFailedStep({
        root: root(),
        runtime: flags.runtime ?? config.runtime ?? 'runc',
        snapshotter: config.snapshotter,
        command: words,
        place: shellPlace(io),
        signal,
        onOpen({ vertex, exitCode, failedAt }) {
          const age = printAge(failedAt, Date.now());
          io.stderr.write(
            `${cleanText(vertex.label, false)}\nexit code ${exitCode}, ${age}; what you change here is thrown away\n`,
          );
        },
        tell: (note) => void io.stderr.write(`${note}\n`),
      });
      context.exitCode = code === 0 ? 0 : 1;
    });
};
