import type {
  Command,
  CommandInstruction,
  HealthcheckInstruction,
  ShellInstruction,
} from '../../dockerfile/instruction.ts';
import { shellFormCommand } from '../../dockerfile/lint/evaluated.ts';
import type { Healthcheck } from '../../oci/image-config.ts';
import { goDuration, goList, goQuotedList } from '../image/go-text.ts';
import { lint, record, type StepContext } from './step-context.ts';

/** The vector a command runs as: exec form as given, shell form behind SHELL as one argument (spec 3.5). */
export function vectorOf(context: StepContext, command: Command): readonly string[] {
  return command.form === 'exec' ? command.args : [...shellOf(context), command.text];
}

/** What the shell form of a command is handed to: SHELL, or `/bin/sh -c`. */
export function shellOf({ state }: StepContext): readonly string[] {
  return state.config.shell ?? ['/bin/sh', '-c'];
}

/** CMD (spec 3.8). */
export function readCmd(context: StepContext, instruction: CommandInstruction<'cmd'>): void {
  const { command } = instruction;
  const { config } = context.state;
  checkForm(context, 'CMD', instruction);
  config.cmd = vectorOf(context, command);
  config.argsEscaped = true;
  context.state.hasOwnCmd = true;
  record(context, `CMD ${goQuotedList(config.cmd)}`);
}

/** ENTRYPOINT: clears a CMD that this very stage did not give (spec 3.9). */
export function readEntrypoint(context: StepContext, instruction: CommandInstruction<'entrypoint'>): void {
  const { command } = instruction;
  const { config } = context.state;
  checkForm(context, 'ENTRYPOINT', instruction);
  config.entrypoint = vectorOf(context, command);
  if (!context.state.hasOwnCmd) config.cmd = [];
  record(context, `ENTRYPOINT ${goQuotedList(config.entrypoint)}`);
}

/** Whoever chose a SHELL knows that there is one. */
function checkForm(
  context: StepContext,
  keyword: 'CMD' | 'ENTRYPOINT',
  { command, span }: CommandInstruction<'cmd' | 'entrypoint'>,
): void {
  if (command.form === 'exec' || context.state.config.shell !== undefined) return;
  lint(context, shellFormCommand(keyword, command.text), span);
}

/** SHELL (spec 3.10). */
export function readShell(context: StepContext, { args }: ShellInstruction): void {
  context.state.config.shell = args;
  record(context, `SHELL ${goList(args)}`);
}

/** HEALTHCHECK: replaces the whole structure (spec 3.16). */
export function readHealthcheck(context: StepContext, instruction: HealthcheckInstruction): void {
  const { test, interval, timeout, startPeriod, startInterval, retries } = instruction;
  context.state.config.healthcheck = {
    Test: test,
    ...given('Interval', interval),
    ...given('Timeout', timeout),
    ...given('StartPeriod', startPeriod),
    ...given('StartInterval', startInterval),
    ...given('Retries', retries),
  };
  const durations = [
    `Interval:${goDuration(interval ?? 0)}`,
    `Timeout:${goDuration(timeout ?? 0)}`,
    `StartPeriod:${goDuration(startPeriod ?? 0)}`,
    `StartInterval:${goDuration(startInterval ?? 0)}`,
  ];
  record(context, `HEALTHCHECK {Test:${goList(test)} ${durations.join(' ')} Retries:${retries ?? 0}}`);
}

/** Zero means "inherit" to the engine and is left out, as Go leaves it out. */
function given(name: keyof Healthcheck, value: number | undefined): Healthcheck {
  return value === undefined || value === 0 ? {} : { [name]: value };
}
