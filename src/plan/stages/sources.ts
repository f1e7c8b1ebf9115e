/** What FROM, `COPY --from` and `RUN --mount=from` can name, and in which order names are looked up (spec 4.1, 4.4). */
import { type Platform, printPlatform } from '../../core/platform.ts';
import type { Stage } from '../../dockerfile/instruction.ts';
import type { NamedContext, PlanRequest } from '../plan.ts';

export type StageSource =
  | { readonly kind: 'stage'; readonly index: number }
  /** A named context that is a directory. */
  | { readonly kind: 'tree'; readonly name: string }
  | ImageSource
  | { readonly kind: 'scratch' }
  /** What is named could not be read: that is among the findings. */
  | { readonly kind: 'unknown' };

export interface ImageSource {
  readonly kind: 'image';
  readonly reference: string;
  /** What is asked for. */
  readonly platform: Platform;
}

/** What all look-ups of one build share. */
export interface SourceNames {
  readonly stages: readonly Stage[];
  /** There may be stages that could not be read. */
  readonly mayLackStages: boolean;
  readonly contexts: ReadonlyMap<string, NamedContext>;
}

/** The names that a request comes with. */
export function sourceNames({ dockerfile, contexts }: PlanRequest): SourceNames {
  const { stages, mayLackStages } = dockerfile;
  return { stages, mayLackStages, contexts };
}

/** FROM: an earlier stage (case counts), `scratch`, a named context, an image. A context hides the stage of its name. */
export function baseSource(
  names: SourceNames,
  text: string,
  before: number,
  platform: Platform,
): StageSource {
  const index = names.stages.findLastIndex((stage) => stage.index < before && stage.name === text);
  return contextSource(names, text, platform) ?? stageSource(index) ?? otherSource(text, platform);
}

/** `--from`: the last stage of the name in the file, in any case; else as FROM. */
export function fromSource(names: SourceNames, text: string, platform: Platform): StageSource {
  const index = stageNamed(names.stages, text);
  return contextSource(names, text, platform) ?? stageSource(index) ?? otherSource(text, platform);
}

/** Index of the last stage with this name, in any case; -1 if there is none. */
export function stageNamed(stages: readonly Stage[], text: string): number {
  const name = text.toLowerCase();
  return stages.findLastIndex((stage) => stage.name === name);
}

/** The named context that takes this name's place; `name::platform` is tried first. */
export function contextSource(names: SourceNames, text: string, platform: Platform): StageSource | undefined {
  const name = familiarName(text);
  if (name === 'scratch' || name === 'context') return undefined;
  const wantedNames = [`${name}::${printPlatform(platform)}`, name];
  for (const want of wantedNames) {
    for (const [given, context] of names.contexts) {
      if (familiarName(given) !== want) continue;
      if (context.kind === 'tree') return { kind: 'tree', name: given };
      return otherSource(context.reference, platform);
    }
  }
  return undefined;
}

function stageSource(index: number): StageSource | undefined {
  return index < 0 ? undefined : { kind: 'stage', index };
}

function otherSource(reference: string, platform: Platform): StageSource {
  return reference === 'scratch' ? { kind: 'scratch' } : { kind: 'image', reference, platform };
}

/** Names of contexts are compared in lower case, without Docker Hub's prefix and `:latest`. */
function familiarName(name: string): string {
  const [base = '', ...platform] = name.toLowerCase().split('::');
  const short = base.replace(/^docker\.io\/library\//, '').replace(/:latest$/, '');
  return [short, ...platform].join('::');
}
