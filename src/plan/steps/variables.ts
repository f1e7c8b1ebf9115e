import type { Span } from '../../core/span.ts';
import type { ArgInstruction, KeyValueInstruction } from '../../dockerfile/instruction.ts';
import { legacyKeyValue, secretInName } from '../../dockerfile/lint/evaluated.ts';
import { isScanSwitch } from '../scope/build-args.ts';
import { declareArg, holdsUnknown, setEnv } from '../scope/stage-scope.ts';
import { expand, expandLoosely, lint, placeOf, record, report, type StepContext } from './step-context.ts';

/**
 * ARG (spec 2.6, 3.2): the build argument, else the default, else the global value; each name sees those
 * before it, and a default is only evaluated when it is needed.
 */
export function readArg(context: StepContext, { args, comments }: ArgInstruction): void {
  const { request, globals, state, usedBuildArgs, taken } = context;
  const shown: string[] = [];
  for (const { name, value } of args) {
    lint(context, secretInName('ARG', name.raw), name.span);
    const given = request.buildArgs.get(name.raw);
    if (given !== undefined) usedBuildArgs.add(name.raw);
    const fallback = () => (value === undefined ? globals.get(name.raw) : expandLoosely(context, value));
    const worth = given ?? fallback();
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
    return name === undefined || value === undefined ? [] : [{ name, value, span: pair.name.span }];
  });
}

function printPairs(pairs: readonly Pair[]): string {
  return pairs.map(({ name, value }) => `${name}=${value}`).join(' ');
}
