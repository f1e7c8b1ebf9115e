/** What the reading of one instruction works with. */
import type { Span } from '../../core/source/span.ts';
import type { Instruction, Word } from '../../dockerfile/instruction.ts';
import { undefinedVariable } from '../../dockerfile/lint/evaluated.ts';
import type { Linter, LintFinding } from '../../dockerfile/lint/linter.ts';
import { type Expansion, expandWord } from '../../dockerfile/words/expand.ts';
import type { EscapeChar, LexFailure } from '../../dockerfile/words/lex-state.ts';
import { variablePlace } from '../../dockerfile/words/variable-place.ts';
import type { Findings } from '../findings.ts';
import type { Taken } from '../outline/taken.ts';
import type { PlanRequest } from '../plan.ts';
import type { StageState } from '../reading/stage-state.ts';
import { isScanSwitch } from '../scope/build-args.ts';
import { declaresArg } from '../scope/declares-arg.ts';
import type { GlobalScope } from '../scope/global-scope.ts';
import { holdsUnknown, lookupIn } from '../scope/stage-scope.ts';
import type { FromUse } from '../stages/dependencies.ts';
import type { Op, SourceOrigin, VertexID } from '../vertex.ts';

export interface StepContext {
  readonly request: PlanRequest;
  readonly globals: GlobalScope;
  readonly findings: Findings;
  readonly linter: Linter;
  readonly usedBuildArgs: Set<string>;
  readonly taken: Taken;
  readonly state: StageState;
  readonly instruction: Instruction;
  /** Span of the FROM line, if the instruction is a trigger's. */
  readonly firedBy: Span | undefined;
  readonly escape: EscapeChar;
  /** Adds the instruction's vertex on top of the stage; inputs[0] is put in front of `sources`. */
  addVertex(op: Op, sources: readonly VertexID[]): VertexID;
  /** Where the files of a `--from` are; an input's index counts from `sources`, which grows as needed. */
  originOf(use: FromUse, sources: VertexID[]): SourceOrigin;
}

/** Where a finding about `span` is shown. */
export function placeOf(context: StepContext, span: Span): Span {
  return context.firedBy ?? span;
}

/** Reports an error; that of a trigger stands at the FROM that fires it and names the trigger. */
export function report(context: StepContext, code: string, message: string, span: Span, help?: string): void {
  const notes =
    context.firedBy === undefined ? undefined : [`in the trigger ONBUILD ${context.instruction.text}`];
  context.findings.error({ code, message, span: placeOf(context, span), notes, help });
}

/** The value of a word in the stage's environment; undefined after a finding, and when it cannot be known. */
export function expand(context: StepContext, word: Word): string | undefined {
  const value = expandLoosely(context, word);
  return value === undefined || holdsUnknown(context.state.scope, value) ? undefined : value;
}

/** As `expand`, but a value with unknown parts is one, for whoever passes it on (`holdsUnknown`). */
export function expandLoosely(context: StepContext, word: Word): string | undefined {
  return valueOrReport(context, expandWord(word.raw, lookupIn(context.state.scope), context.escape), word);
}

/** As `expand` for several words, all seeing the same environment; undefined if one of them failed. */
export function expandAll(
  context: StepContext,
  words: readonly Word[],
  expandOne = expand,
): string[] | undefined {
  const values = words.map((word) => expandOne(context, word));
  const good = values.filter((value) => value !== undefined);
  return good.length === values.length ? good : undefined;
}

/** What the expansion of `word` came to; undefined after a finding. */
export function valueOrReport(context: StepContext, expansion: Expansion, word: Word): string | undefined {
  if (!expansion.ok) {
    report(context, 'expansion-failed', expansion.message, word.span, helpFor(context, expansion));
    return undefined;
  }
  checkUnset(context, expansion.unset, word);
  return expansion.value;
}

/** Where words are split at blanks whatever quotes say, a quote that is not closed is mostly half of a name. */
function helpFor({ instruction }: StepContext, { message, help }: LexFailure): string | undefined {
  const { kind } = instruction;
  const isSplit = kind === 'copy' || kind === 'add' || kind === 'volume';
  if (!isSplit || !message.endsWith('-quote')) return help;
  if ('oddPaths' in instruction && instruction.oddPaths !== undefined) return instruction.oddPaths;
  return `a name with blanks takes the JSON form: ${kind.toUpperCase()} ["a b", "/x"]`;
}

/** The build check for names that are neither in the environment nor declared (spec 6.2, UndefinedVar). */
export function checkUnset(context: StepContext, unset: readonly string[], word: Word): void {
  const { args, values } = context.state.scope;
  for (const name of unset) {
    if (args.has(name) || isScanSwitch(name)) continue;
    const known = new Set([...values.keys(), ...args]);
    const span =
      context.firedBy === undefined ? variablePlace(context.request.dockerfile, word, name) : context.firedBy;
    lint(context, undefinedVariable(name, known, declaresArg(context.request.dockerfile, name)), span);
  }
}

/** Hands a build check's finding on, unless a comment above the instruction says no. */
export function lint(context: StepContext, finding: LintFinding | undefined, span: Span): void {
  context.linter.add(finding, placeOf(context, span), context.instruction.comments);
}

/** Adds the instruction's history entry; `vertex` is what made its layer (spec 7.3). */
export function record({ state }: StepContext, createdBy: string, vertex?: VertexID): void {
  const shared = { createdBy, comment: 'buildkit.dockerfile.v0' };
  state.history.push(
    vertex === undefined ? { ...shared, isEmptyLayer: true } : { ...shared, isEmptyLayer: false, vertex },
  );
}
