import { readReference } from '../../core/image-reference.ts';
import type { Platform } from '../../core/platform.ts';
import { suggest } from '../../core/suggest.ts';
import type { FromInstruction, Stage, Word } from '../../dockerfile/instruction.ts';
import { type Expansion, expandWord } from '../../dockerfile/words/expand.ts';
import { didYouMean, type Findings } from '../findings.ts';
import type { PlanRequest } from '../plan.ts';
import type { GlobalScope } from '../scope/global-scope.ts';
import { holdsUnknown, lookupIn } from '../scope/stage-scope.ts';
import {
  baseSource,
  contextSource,
  type SourceNames,
  type StageSource,
  sourceNames,
} from '../stages/sources.ts';
import type { StageNode } from '../stages/stage-node.ts';
import { readPlatform } from './platform-word.ts';
import { unsetHelp } from './unset-help.ts';

/** What every FROM line of a file is read with. */
interface FromScope {
  readonly request: PlanRequest;
  readonly names: SourceNames;
  readonly globals: GlobalScope;
  readonly findings: Findings;
}

/** Settles the FROM line of every stage, reachable or not (spec 3.1, 4.2): what is wrong there always counts. */
export function settleStages(
  request: PlanRequest,
  globals: GlobalScope,
  findings: Findings,
): readonly StageNode[] {
  const names = sourceNames(request);
  return names.stages.map((stage) => settle(stage, { request, names, globals, findings }));
}

function settle(stage: Stage, scope: FromScope): StageNode {
  const { from, index, name } = stage;
  const platform = wantedPlatform(from, scope);
  const written = writtenBase(from, index, platform, scope);
  const replacement = name === undefined ? undefined : contextSource(scope.names, name, platform);
  return {
    stage,
    index,
    name: name ?? `stage-${index}`,
    base: replacement ?? written,
    own: replacement === undefined ? stage.body.map((instruction) => ({ instruction })) : [],
    isReplaced: replacement !== undefined,
  };
}

function writtenBase(
  from: FromInstruction,
  before: number,
  platform: Platform,
  scope: FromScope,
): StageSource {
  const { image } = from;
  const expanded = expandFrom(image, scope);
  if (expanded === undefined) return { kind: 'unknown' };
  const { value: text, unset } = expanded;
  if (text === '') {
    const message = `base name (${image.raw}) should not be blank`;
    const help = unsetHelp(unset, scope.request.dockerfile) ?? 'give it a value: an image, or scratch';
    scope.findings.error({ code: 'blank-base', message, span: image.span, help });
    return { kind: 'unknown' };
  }
  const base = baseSource(scope.names, text, before, platform);
  const reading = base.kind === 'image' && base.reference === text ? readReference(text) : undefined;
  if (reading !== undefined && reading.reference === undefined) {
    const message = `"${text}" is not an image reference: ${reading.problem}`;
    const above = scope.names.stages.filter(({ index }) => index < before).flatMap(({ name }) => name ?? []);
    const help =
      unsetHelp(unset, scope.request.dockerfile) ?? didYouMean(suggest(text, above)) ?? reading.help;
    scope.findings.error({ code: 'invalid-reference', message, span: image.span, help });
    return { kind: 'unknown' };
  }
  return base;
}

function wantedPlatform(from: FromInstruction, scope: FromScope): Platform {
  const { targetPlatform, buildPlatform } = scope.request;
  if (from.platform === undefined || from.platform.raw === '') return targetPlatform;
  const text = expandFrom(from.platform, scope)?.value;
  if (text === undefined) return targetPlatform;
  const { raw, span } = from.platform;
  return readPlatform(text, raw, buildPlatform, span, scope.findings) ?? targetPlatform;
}

/** Undefined when it came to nothing that is known. */
function expandFrom(
  word: Word,
  { request, globals, findings }: FromScope,
): Extract<Expansion, { ok: true }> | undefined {
  const expanded = expandWord(word.raw, lookupIn(globals), request.dockerfile.directives.escape);
  if (expanded.ok) return holdsUnknown(globals, expanded.value) ? undefined : expanded;
  findings.error({
    code: 'expansion-failed',
    message: expanded.message,
    span: word.span,
    help: expanded.help,
  });
  return undefined;
}
