import type { FieldDifference } from '../../inspect/diff/compare-config.ts';
import type { FileDifference, FileSide } from '../../inspect/diff/compare-files.ts';
import type { ComparedImages, ImageComparison } from '../../inspect/diff/compare-images.ts';
import type { LayerComparison, LayerSide } from '../../inspect/diff/compare-layers.ts';
import type { Reason } from '../../inspect/diff/find-reasons.ts';
import type { ImageIdentity } from '../../inspect/report.ts';
import { printBytes } from '../../progress/text/quantities.ts';
import { cut, type Look, oneLine, type Paint, paint, wrap } from './look.ts';
import { isNews, isStepDate } from './news.ts';
import { findingLines } from './print-findings.ts';
import { countOf, memberWords, placeOf, shortDigest } from './short.ts';

/** What two images share and in what they differ. @param isShort only how much */
export function* diffLines(
  { comparison, differences }: Pick<ComparedImages, 'comparison' | 'differences'>,
  look: Look,
  isShort: boolean,
): Generator<string, void, undefined> {
  const { a, b, isSame, layers, files, config, findings } = comparison;
  yield imageLine('A', a, look);
  yield imageLine('B', b, look);
  yield '';
  yield* verdict(comparison, look);
  if (!isSame) {
    yield '';
    yield* layerDifferences(layers, look);
    yield '';
    yield `${paint(look, 'bold', 'Files')}  ${files.added} added, ${files.removed} removed, ${files.changed} changed`;
    if (!isShort) for (const each of differences) yield fileDifference(each, look);
  }
  if (config.length > 0) {
    yield '';
    yield* fieldDifferences(config, look, isShort);
  }
  for (const [letter, found] of [['A', findings.a] as const, ['B', findings.b] as const]) {
    const placed = found.map((each) => ({ ...each, where: `${letter}, ${each.where}` }));
    yield* findingLines(placed, look);
  }
}

function imageLine(letter: string, { reference, configDigest, platform }: ImageIdentity, look: Look): string {
  return cut(
    look,
    `${letter}  ${shortDigest(configDigest, false)}  ${oneLine(platform)}  ${oneLine(reference)}`,
  );
}

function verdict({ isSame, reasons, layers, a, b }: ImageComparison, look: Look): string[] {
  if (!isSame) {
    const inTimes = reasons.every(({ kind }) => kind === 'times' || kind === 'dates');
    const head = inTimes ? 'They are different images, in times alone:' : 'They are different images:';
    return [head, ...reasons.flatMap((each) => reasonLines(each, look))];
  }
  const { recompressed } = layers;
  if (a.manifestDigest === b.manifestDigest || a.manifestDigest === null || b.manifestDigest === null)
    return ['They are the same image.'];
  const why =
    recompressed.length > 0
      ? `${countOf(recompressed.length, 'layer')} compressed to other bytes`
      : 'another manifest';
  return [`They are the same image, stored differently: ${why}.`];
}

function reasonLines({ title, hint }: Reason, look: Look): string[] {
  return [
    ...wrap(look, `- ${oneLine(title)}`, 2),
    ...(hint === null ? [] : wrap(look, `→ ${hint}`, 4).map((line) => paint(look, 'yellow', line))),
  ];
}

function layerDifferences(layers: LayerComparison, look: Look): string[] {
  const { countA, countB, shared, sharedStored, sharedContent, onlyAStored, onlyBStored } = layers;
  const { parting, alsoDifferent } = layers;
  const lines = [
    paint(look, 'bold', 'Layers'),
    ...wrap(
      look,
      `${shared} shared of ${countA} in A and ${countB} in B: ${printBytes(sharedStored)} stored, ${printBytes(sharedContent)} of files`,
      2,
    ),
    ...wrap(look, `not shared: ${printBytes(onlyAStored)} stored in A, ${printBytes(onlyBStored)} in B`, 2),
  ];
  if (parting === null) return lines;
  return [
    ...lines,
    `  they part at layer ${parting.index}:`,
    sideLine('A', parting.a, look),
    sideLine('B', parting.b, look),
    ...(parting.members === null ? [] : wrap(look, `in it: ${memberWords(parting.members)}`, 4)),
    ...alsoDifferent.flatMap(({ index, b, members }) => [
      `  ${cut(look, oneLine(`layer ${index} differs too: ${makerOf(b)}`), 2)}`,
      ...(members === null ? [] : wrap(look, `in it: ${memberWords(members)}`, 4)),
    ]),
  ];
}

function sideLine(letter: string, side: LayerSide | null, look: Look): string {
  if (side === null) return `    ${letter} has no such layer`;
  const digest = shortDigest(side.diffID ?? side.digest, false);
  return `    ${cut(look, oneLine(`${letter} ${digest} ${makerOf(side)}`), 4)}`;
}

function makerOf(side: LayerSide | null): string {
  if (side === null) return '';
  return side.source === null ? side.instruction : `${placeOf(side.source)} ${side.instruction}`;
}

const signs = { added: '+', removed: '-', changed: '~' } as const;
const paints: Readonly<Record<FileDifference['change'], Paint>> = {
  added: 'green',
  removed: 'red',
  changed: 'yellow',
};

function fileDifference({ path, change, aspects, a, b }: FileDifference, look: Look): string {
  const what =
    change === 'changed' ? aspects.map((aspect) => changeOf(aspect, a, b)).join(', ') : sizeOf(b ?? a);
  return paint(look, paints[change], `  ${signs[change]} ${oneLine(path)}  ${oneLine(what)}`.trimEnd());
}

function sizeOf(side: FileSide | null): string {
  return side?.type === 'file' ? printBytes(side.size) : (side?.type ?? '');
}

/** What changed, with both values where they say something. */
function changeOf(aspect: string, a: FileSide | null, b: FileSide | null): string {
  if (a === null || b === null) return aspect;
  switch (aspect) {
    case 'type':
      return `${a.type} → ${b.type}`;
    case 'mode':
      return `mode ${a.mode} → ${b.mode}`;
    case 'owner':
      return `owner ${a.uid}:${a.gid} → ${b.uid}:${b.gid}`;
    case 'time':
      return `time ${a.mtime} → ${b.mtime}`;
    case 'content':
      if (a.link !== undefined && b.link !== undefined) return `target ${a.link} → ${b.link}`;
      return a.size === b.size ? 'content' : `content ${printBytes(a.size)} → ${printBytes(b.size)}`;
    default:
      return aspect;
  }
}

function fieldDifferences(fields: readonly FieldDifference[], look: Look, isShort: boolean): string[] {
  const head = `${paint(look, 'bold', 'Config')}  ${countOf(fields.length, 'field differs', 'fields differ')}`;
  if (isShort) return [head];
  const lines = fields
    .filter(isNews)
    .flatMap(({ field, a, b }) => [
      `  ${cut(look, oneLine(field), 2)}`,
      ...(a === null ? [] : [paint(look, 'red', `    - ${cut(look, oneLine(a), 6)}`)]),
      ...(b === null ? [] : [paint(look, 'green', `    + ${cut(look, oneLine(b), 6)}`)]),
    ]);
  const dated = fields.filter(({ field, a, b }) => isStepDate(field) && a !== null && b !== null).length;
  return [
    head,
    ...lines,
    ...(dated === 0 ? [] : [`  created of ${countOf(dated, 'history entry', 'history entries')}`]),
  ];
}
