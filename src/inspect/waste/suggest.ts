import { keywordOf } from '../layers/instruction.ts';
import type { Aspect } from '../tree/aspects.ts';
import type { LeftBehind } from './left-behind.ts';

/** Which instruction made a layer, as far as advice depends on it. */
export interface LayerMaker {
  readonly instruction: string;
  readonly isInBase: boolean;
}

const inBase = 'the base image stores them, and no later layer makes it smaller: a smaller base would';

/** What to do about files that are deleted by a later layer. @param what most of them are, where that is known */
export function adviseDeleted(stored: LayerMaker, deleter: LayerMaker, what: LeftBehind | undefined): string {
  if (stored.isInBase) return inBase;
  if (what !== undefined) return what.suggestion;
  if (isCopy(stored))
    return 'leave them out where they come from: .dockerignore, COPY --exclude, or narrower sources';
  if (isRun(stored) && isRun(deleter)) {
    return 'join the two RUN lines with &&, or keep the files out of the layer: RUN --mount=type=cache,target=…';
  }
  return 'delete them in the step that makes them';
}

/** What to do about files of one layer that a later one stores anew. */
export function adviseOverwritten(stored: LayerMaker, writer: LayerMaker): string {
  if (stored.isInBase) return inBase;
  if (isCopy(stored) && isCopy(writer))
    return 'copy them once: leave them out of the first COPY with --exclude';
  if (isRun(stored) && isRun(writer)) return 'join the two RUN lines with &&';
  return 'write them once, in their last form; what prepares them can be a stage of its own';
}

/** @param aspects what the second copy differs in */
export function adviseCopied(stored: LayerMaker, copier: LayerMaker, aspects: ReadonlySet<Aspect>): string {
  const flags = [...(aspects.has('owner') ? ['--chown'] : []), ...(aspects.has('mode') ? ['--chmod'] : [])];
  const commands = flags.map((flag) => flag.slice(2)).join(' and ');
  if (flags.length > 0 && isCopy(stored))
    return `give ${keyword(stored)} the flag ${flags.join(' and ')} instead`;
  if (flags.length > 0 && !stored.isInBase) return `do the ${commands} in the step that makes the files`;
  if (flags.length > 0) return `${commands} only what needs it: every file touched is stored again`;
  if (isCopy(stored) && isCopy(copier)) return 'copy them once';
  return 'do not write the files again: the same bytes are stored a second time';
}

/** What to do about files that another path has the bytes of. */
export function adviseDuplicate(original: LayerMaker, duplicate: LayerMaker): string {
  if (isCopy(duplicate) && isCopy(original))
    return 'copy them once, and link to them where they are needed too';
  if (isCopy(original) && isRun(duplicate)) {
    return 'if only this RUN needs the copied files, mount them: RUN --mount=type=bind,target=…; else move or link them';
  }
  return 'link to the files that are there already (ln, ln -s) instead of storing them twice';
}

function isRun({ instruction }: LayerMaker): boolean {
  return keywordOf(instruction) === 'RUN';
}

function isCopy(maker: LayerMaker): boolean {
  return !maker.isInBase && /^(COPY|ADD)$/.test(keyword(maker));
}

function keyword({ instruction }: LayerMaker): string {
  return keywordOf(instruction) ?? '';
}
