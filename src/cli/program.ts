import type { Command, Option } from 'commander';
import type { CommandContext } from './commands/command.ts';
import { commands } from './commands/table.ts';
import { StrataCommand } from './strata-command.ts';
import { version } from './version.ts';

/** The command line as a whole. A command's options are known once its name was seen. */
export function openProgram(context: CommandContext): Command {
  const { io } = context;
  const program = new StrataCommand('strata')
    .usage('[OPTIONS] COMMAND')
    .description('Builds OCI images from Dockerfiles, cached step by step, without a daemon.')
    .version(`strata ${version}`, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this')
    .option(
      '--root <dir>',
      'the state directory (default: $STRATA_ROOT, or where the system keeps such things)',
    )
    .option('-D, --debug', 'show what is behind an error, and after a build what took how long')
    .addHelpText('after', '\nExample:\n  strata build -t app --output type=oci,dest=app.tar .')
    .showSuggestionAfterError()
    .helpCommand('help [command]', 'print the help of a command')
    .configureHelp({
      showGlobalOptions: true,
      minWidthToWrap: 20,
      optionDescription: describe,
      argumentDescription: describe,
    })
    .configureOutput({ writeOut: (text) => void io.stdout.write(text), writeErr: () => {} })
    .exitOverride();
  for (const { name, summary } of commands) program.command(name).description(summary).summary(summary);
  program.hook('preSubcommand', async (_program, command) => {
    const entry = commands.find(({ name }) => name === command.name());
    (await entry?.load())?.(command, context);
  });
  return program;
}

/** With what holds when nothing is given, as the person would type it. */
function describe({ description, defaultValue }: Pick<Option, 'description' | 'defaultValue'>): string {
  return typeof defaultValue === 'string' ? `${description} (default: ${defaultValue})` : description;
}
