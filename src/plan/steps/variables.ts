import type { Span } from '../../core/source/span.ts';
import type { ArgInstruction, KeyValueInstruction, Word } from '../../dockerfile/instruction.ts';
import { legacyKeyValue, secretInName } from '../../dockerfile/lint/evaluated.ts';
import { isScanSwitch } from '../scope/build-args.ts';
import { declareArg, holdsUnknown, loseValue, setEnv } from '../scope/stage-scope.ts';
import { expand, expandLoosely, lint, placeOf, record, report, type StepContext } from './step-context.ts';

/**
 * ARG (spec 2.6, 3.2): the build argument, else the default, else the global value; each name sees those
 * before it, and a default is only evaluated when it is needed.
 */
export function readArg(context: StepContext, { args, comments }: ArgInstruction): void {
  const { request, state, usedBuildArgs, taken } = context;
  const shown: string[] = [];
  for (const { name, value } of args) {
    lint(context, secretInName('ARG', name.raw), name.span);
    const given = request.buildArgs.get(name.raw);
    if (given !== undefined) usedBuildArgs.add(name.raw);
    const worth =
      given ?? (value === undefined ? globalValue(context, name.raw) : valueOrLose(context, name.raw, value));
    if (!isScanSwitch(name.raw)) declareArg(state.scope, name.raw, worth);
    taken.args.push({
      name: name.raw,
      value: worth === undefined || holdsUnknown(state.scope, worth) ? undefined : worth,
      hasDefault: value !== undefined,
      comments,
      span: placeOf(context, name.span),
    });
    shown.push(worth === undefined ? name.raw : `${name.raw}=${worth}`);
  }
  record(context, `ARG ${shown.join(' ')}`);
}

/** What is not known of the global ARGs is not known of those of the stage. */
function globalValue({ globals, state }: StepContext, name: string): string | undefined {
  const value = globals.values.get(name);
  if (value !== undefined && holdsUnknown(globals, value)) loseValue(state.scope, name);
  if (value === undefined && globals.lacks !== 'nothing') state.scope.lacks = 'lines';
  return value;
}

/** A default that cannot be had was told of; what it would have been used for is not. */
function valueOrLose(context: StepContext, name: string, word: Word): string | undefined {
  const value = expandLoosely(context, word);
  if (value === undefined) loseValue(context.state.scope, name);
  return value;
}

/** ENV (spec 3.3). */
export function readEnv(context: StepContext, instruction: KeyValueInstruction<'env'>): void {
  const pairs = expandPairs(context, instruction);
  for (const { name, value, span } of pairs) {
    setEnv(context.state.scope, name, value);
    lint(context, secretInName('ENV', name), span);
  }
  record(context, `ENV ${printPairs(pairs)}`);
}

/** LABEL (spec 3.4). */
export function readLabel(context: StepContext, instruction: KeyValueInstruction<'label'>): void {
  const pairs = expandPairs(context, instruction);
  for (const { name, value } of pairs) context.state.config.labels.set(name, value);
  record(context, `LABEL ${printPairs(pairs)}`);
}

interface Pair {
  readonly name: string;
  readonly value: string;
  readonly span: Span;
}

/** All names and values of a line see the environment before the line. */
function expandPairs(
  context: StepContext,
  { kind, pairs, isLegacy, span }: KeyValueInstruction<'env' | 'label'>,
): readonly Pair[] {
  if (isLegacy) lint(context, legacyKeyValue(kind === 'env' ? 'ENV' : 'LABEL'), span);
  return pairs.flatMap((pair) => {
    const name = expand(context, pair.name);
    const value = expandLoosely(context, pair.value);
    if (name === '')
      report(context, 'blank-name', `the name ${pair.name.raw} is blank after expansion`, pair.name.span);
    if (name !== undefined && value !== undefined) return [{ name, value, span: pair.name.span }];
    if (kind === 'env' && name !== undefined) loseValue(context.state.scope, name);
    if (kind === 'env' && name === undefined) context.state.scope.lacks = 'lines';
    return [];
  });
}

function printPairs(pairs: readonly Pair[]): string {
  return pairs.map(({ name, value }) => `${name}=${value}`).join(' ');
}
