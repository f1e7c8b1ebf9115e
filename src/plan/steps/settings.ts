import type { ListInstruction, OnbuildInstruction, ValueInstruction } from '../../dockerfile/instruction.ts';
import { goList } from '../image/go-text.ts';
import { isSignal } from './signals.ts';
import { expand, expandAll, record, report, type StepContext } from './step-context.ts';

/** USER: kept as it is, checked only when a step runs (spec 3.12). */
export function readUser(context: StepContext, { value }: ValueInstruction<'user'>): void {
  const user = expand(context, value);
  if (user === undefined) return;
  context.state.config.user = user;
  record(context, `USER ${user}`);
}

/** VOLUME: as written after expansion, nothing cleaned (spec 3.14). */
export function readVolume(context: StepContext, { words }: ListInstruction<'volume'>): void {
  const volumes = expandAll(context, words);
  if (volumes === undefined) return;
  for (const [index, volume] of volumes.entries()) {
    const word = words[index];
    if (volume !== '' || word === undefined) context.state.config.volumes.add(volume);
    else report(context, 'blank-volume', 'VOLUME specified can not be an empty string', word.span);
  }
  record(context, `VOLUME ${goList(volumes)}`);
}

/** STOPSIGNAL (spec 3.15). */
export function readStopSignal(context: StepContext, { value }: ValueInstruction<'stopsignal'>): void {
  const signal = expand(context, value);
  if (signal === undefined) return;
  if (!isSignal(signal)) {
    const help = 'want a number other than 0 or a name such as SIGTERM, KILL or SIGRTMIN+3';
    report(context, 'invalid-signal', `invalid signal: ${signal}`, value.span, help);
  }
  context.state.config.stopSignal = signal;
  record(context, `STOPSIGNAL ${signal}`);
}

/** ONBUILD: kept for those who build FROM this, without a history entry (spec 3.17). */
export function readOnbuild(context: StepContext, { trigger }: OnbuildInstruction): void {
  context.state.config.onBuild.push(trigger);
}

/** MAINTAINER (spec 3.18). */
export function readMaintainer(context: StepContext, { value }: ValueInstruction<'maintainer'>): void {
  context.state.author = value.raw;
  record(context, `MAINTAINER ${value.raw}`);
}
