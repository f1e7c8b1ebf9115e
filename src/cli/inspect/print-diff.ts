import type { FieldDifference } from '../../inspect/diff/compare-config.ts';
import type { FileDifference, FileSide } from '../../inspect/diff/compare-files.ts';
import type { ImageComparison } from '../../inspect/diff/compare-images.ts';
import type { LayerComparison, LayerSide } from '../../inspect/diff/compare-layers.ts';
import type { Reason } from '../../inspect/diff/find-reasons.ts';
import type { ImageIdentity } from '../../inspect/report.ts';
import { printBytes } from '../../progress/quantities.ts';
import { cut, type Look, oneLine, type Paint, paint, wrap } from './look.ts';
import { isNews, isStepDate } from './news.ts';
import { findingLines } from './print-findings.ts';
import { countOf, memberWords, placeOf, shortDigest } from './short.ts';

/** What two images share and in what they differ. @param isShort only how much */
export function diffLines(comparison: ImageComparison, look: Look, isShort: boolean): string[] {
  const { a, b, isSame, layers, files, config, findings } = comparison;
  return [
    imageLine('A', a, look),
    imageLine('B', b, look),
    '',
    ...verdict(comparison, look),
    ...(isSame ? [] : ['', ...layerDifferences(layers, look)]),
    ...(isSame ? [] : ['', ...fileDifferences(files, look, isShort)]),
    ...(config.length === 0 ? [] : ['', ...fieldDifferences(config, look, isShort)]),
    ...findingLines(
      findings.a.map((each) => ({ ...each, where: `A, ${each.where}` })),
      look,
    ),
    ...findingLines(
      findings.b.map((each) => ({ ...each, where: `B, ${each.where}` })),
      look,
    ),
  ];
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

function fileDifferences(files: ImageComparison['files'], look: Look, isShort: boolean): string[] {
  const { added, removed, changed, list } = files;
  const head = `${paint(look, 'bold', 'Files')}  ${added} added, ${removed} removed, ${changed} changed`;
  if (isShort) return [head];
  const lines = list.map((each) => {
    const what =
      each.change === 'changed'
        ? each.aspects.map((aspect) => change(aspect, each.a, each.b)).join(', ')
        : sizeOf(each.b ?? each.a);
    return paint(
      look,
      paints[each.change],
      `  ${signs[each.change]} ${oneLine(each.path)}  ${oneLine(what)}`.trimEnd(),
    );
  });
  return [head, ...lines];
}

function sizeOf(side: FileSide | null): string {
  return side?.type === 'file' ? printBytes(side.size) : (side?.type ?? '');
}

/** What changed, with both values where they say something. */
function change(aspect: string, a: FileSide | null, b: FileSide | null): string {
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
