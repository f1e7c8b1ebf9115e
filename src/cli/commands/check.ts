import { runCheck } from '../calls/run-check.ts';
import { readCallFormat } from '../flags/call.ts';
import { each, eachOfList, unlessEmpty } from '../flags/collect.ts';
import { parseBuildArg, parseBuildContext } from '../flags/pairs.ts';
import { checkPlatform } from '../flags/platform.ts';
import type { DefineCommand } from './command.ts';

interface CheckFlags {
  readonly file?: string;
  readonly target?: string;
  readonly buildArg: readonly string[];
  readonly buildContext: readonly string[];
  readonly platform: readonly string[];
  readonly format?: string;
  readonly json?: boolean;
}

/** `strata check`: `strata build --check` with the flags that matter to it. */
export const defineCheck: DefineCommand = (command, context) => {
  command
    .usage('[OPTIONS] [CONTEXT]')
    .argument('[CONTEXT]', 'as for `strata build`', '.')
    .option(
      '-f, --file <path>',
      'the Dockerfile, a URL of one, "-" for standard input (default: CONTEXT/Dockerfile)',
    )
    .option('--target <stage>', 'check what this stage needs, not every stage')
    .option('--build-arg <name=value>', 'value of an ARG; NAME alone takes it from the environment', each, [])
    .option(
      '--build-context <name=value>',
      'a further context, or another source for a stage or image',
      each,
      [],
    )
    .option('--platform <list>', 'check for os/arch[/variant], comma-separated', eachOfList, [])
    .option('--format <format>', 'text, json or sarif (default: text)')
    .option('--json', 'short for --format json')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  strata check\n' +
        '  strata check --format sarif -f app.Dockerfile src > checks.sarif\n' +
        '\nExits 1 when anything is found. Asks no registry: bases that the local store\nlacks count as unknown.',
    )
    .action(async (contextPath: string, flags: CheckFlags) => {
      const format = readCallFormat(flags.json === true ? 'json' : flags.format);
      const options = {
        root: context.root(),
        context: contextPath,
        dockerfile: unlessEmpty(flags.file),
        target: unlessEmpty(flags.target),
        buildArgs: flags.buildArg.map((text) => parseBuildArg(text, context.io.env)),
        buildContexts: flags.buildContext.map(parseBuildContext),
        platforms: flags.platform.map(checkPlatform),
      };
      if (!(await runCheck(format, options, context))) context.exitCode = 1;
    });
};
