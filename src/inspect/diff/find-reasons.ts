import type { BaseLayers } from '../layers/base.ts';
import { type Aspect, type AspectSet, aspectSet } from '../tree/aspects.ts';
import type { FieldDifference } from './compare-config.ts';
import type { FileTally } from './compare-files.ts';
import type { LayerComparison } from './compare-layers.ts';

/** Why two images are not one. */
export interface Reason {
  readonly kind: ReasonKind;
  /** One line for people. */
  readonly title: string;
  /** What makes a rebuild come out the same, where there is something to say. */
  readonly hint: string | null;
}

export type ReasonKind =
  /** They are for different machines. */
  | 'platform'
  /** They part in a layer of the base image. */
  | 'base'
  /** Files were added, removed, or hold something else. */
  | 'content'
  /** Files differ in mode, owner or extended attributes, not in content. */
  | 'attributes'
  /** Files differ in their time alone. */
  | 'times'
  /** The same files, in other layers or archived in another way. */
  | 'layers'
  /** Fields of the config. */
  | 'config'
  /** Dates in the config and its history. */
  | 'dates';

export interface Compared {
  readonly baseA: BaseLayers | null;
  readonly baseB: BaseLayers | null;
  readonly layers: LayerComparison;
  readonly files: FileTally;
  readonly config: readonly FieldDifference[];
}

/** Says in a few lines why two images differ, the graver first; nothing when nothing does. */
export function findReasons(compared: Compared): Reason[] {
  return [
    ...platformReason(compared),
    ...baseReason(compared),
    ...fileReasons(compared.files),
    ...layerReason(compared),
    ...configReasons(compared.config),
  ];
}

const platformFields = ['architecture', 'os', 'variant', 'os.version', 'os.features'];

function platformReason({ config }: Compared): Reason[] {
  const fields = config.filter(({ field }) => platformFields.includes(field));
  if (fields.length === 0) return [];
  const each = fields.map(({ field, a, b }) => `${field} ${a ?? 'unsaid'} and ${b ?? 'unsaid'}`);
  return [{ kind: 'platform', title: `they are for different machines: ${each.join(', ')}`, hint: null }];
}

function baseReason({ baseA, baseB, layers: { parting } }: Compared): Reason[] {
  if (baseA === null || baseB === null || parting === null) return [];
  // What a history lets one guess is not held against what is known.
  if ((baseA.knownBy === 'history') !== (baseB.knownBy === 'history')) return [];
  if (parting.index >= Math.max(baseA.count, baseB.count)) return [];
  const names = baseA.name === null || baseB.name === null || baseA.name === baseB.name;
  return [
    {
      kind: 'base',
      title: `they stand on different base images${names ? '' : `: ${baseA.name} and ${baseB.name}`}`,
      hint: 'pin the base by its digest: FROM name@sha256:…',
    },
  ];
}

function fileReasons({ added, removed, changedIn }: FileTally): Reason[] {
  const sets = [...changedIn];
  const count = (isMeant: (set: AspectSet) => boolean) =>
    sets.reduce((sum, [set, times]) => sum + (isMeant(set) ? times : 0), 0);
  const has = (set: AspectSet, ...aspects: Aspect[]) => (set & aspectSet(...aspects)) !== 0;
  const isAlike = (set: AspectSet) => !has(set, 'content', 'type');
  const isMarked = (set: AspectSet) => isAlike(set) && has(set, 'mode', 'owner', 'xattr');
  const other = count((set) => !isAlike(set));
  const marked = count(isMarked);
  const timed = count((set) => isAlike(set) && !isMarked(set));
  const reasons: Reason[] = [];
  if (added + removed + other > 0) {
    const counts = [
      [added, 'added'],
      [removed, 'removed'],
      [other, 'with other content'],
    ] as const;
    const told = counts.filter(([times]) => times > 0).map(([times, what]) => `${times} ${what}`);
    reasons.push({ kind: 'content', title: `files: ${told.join(', ')}`, hint: null });
  }
  if (marked > 0) {
    const told = (['mode', 'owner', 'xattr'] as const).flatMap((aspect) => {
      const times = count((set) => isMarked(set) && has(set, aspect));
      return times === 0 ? [] : `${aspect} of ${times}`;
    });
    const hint =
      count((set) => isMarked(set) && has(set, 'mode', 'owner')) > 0
        ? 'COPY --chmod and --chown set them, whatever they are where the files come from'
        : null;
    reasons.push({ kind: 'attributes', title: `attributes of files: ${told.join(', ')}`, hint });
  }
  if (timed > 0) {
    reasons.push({
      kind: 'times',
      title: timed === 1 ? 'the time of 1 file' : `the times of ${timed} files`,
      hint: 'build with SOURCE_DATE_EPOCH and --output …,rewrite-timestamp=true',
    });
  }
  return reasons;
}

function layerReason({ layers: { parting }, files }: Compared): Reason[] {
  if (parting === null || files.added + files.removed + files.changed > 0) return [];
  return [{ kind: 'layers', title: 'the same files, put into layers in another way', hint: null }];
}

const fieldsNamed = 4;

function configReasons(config: readonly FieldDifference[]): Reason[] {
  const others = config.filter(({ field }) => !isDate(field) && !platformFields.includes(field));
  const fields = others.filter(({ field }) => entryOf(field) === undefined).map(({ field }) => field);
  const entries = new Set(others.flatMap(({ field }) => entryOf(field) ?? [])).size;
  const rest = fields.length - fieldsNamed;
  const told = [
    ...fields.slice(0, fieldsNamed),
    ...(rest > 0 ? [`${rest} more`] : []),
    ...(entries > 0 ? [`the history (${entries === 1 ? '1 entry' : `${entries} entries`})`] : []),
  ];
  const reasons: Reason[] = [];
  if (told.length > 0) reasons.push({ kind: 'config', title: `config: ${told.join(', ')}`, hint: null });
  if (config.some(({ field, a, b }) => isDate(field) && a !== null && b !== null)) {
    const title = 'when they were built: dates in the config';
    reasons.push({ kind: 'dates', title, hint: 'build with SOURCE_DATE_EPOCH' });
  }
  return reasons;
}

/** Whether a field of the config says when something was made. */
export function isDate(field: string): boolean {
  return /^(history\[[0-9]+\]\.)?created$/.test(field);
}

/** The history entry that a field belongs to. */
export function entryOf(field: string): string | undefined {
  return /^history\[[0-9]+\]/.exec(field)?.[0];
}
