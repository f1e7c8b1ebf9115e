import type { ImageReport, LayerReport } from '../../inspect/report.ts';
import { printBytes, printSeconds } from '../../progress/text/quantities.ts';
import { cut, type FittingColumn, fittingTable, type Look, oneLine, paint } from './look.ts';
import { countOf, placeOf, shortDigest, shortTime } from './short.ts';

interface LayerColumn extends FittingColumn {
  cell(layer: LayerReport, isWhole: boolean): string;
}

const columns: readonly LayerColumn[] = [
  { title: '#', align: 'right', cell: ({ index }) => String(index) },
  { title: 'DIGEST', goes: 4, cell: ({ digest }, isWhole) => shortDigest(digest, isWhole) },
  { title: 'DIFFID', goes: 1, cell: ({ diffID }, isWhole) => shortDigest(diffID, isWhole) },
  { title: 'STORED', align: 'right', cell: ({ size }) => printBytes(size.stored) },
  { title: 'FILES', align: 'right', cell: ({ size }) => printBytes(size.content) },
  {
    title: '+/~/-',
    align: 'right',
    cell: ({ files: { added, changed, removed } }) => `${added}/${changed}/${removed}`,
  },
  { title: 'SHARED', goes: 3, align: 'right', cell: ({ sharedWith }) => String(sharedWith.length || '-') },
  { title: 'CREATED', goes: 2, cell: ({ created }) => oneLine(shortTime(created)) },
];
/** The last column is a time: half of one says nothing. */
const timeLength = 16;

/** A table with two lines for each layer, the second with what made it; the base image's layers stand apart. */
export function layerLines({ layers, base }: ImageReport, look: Look, isWhole: boolean): string[] {
  const [head = '', ...rows] = fittingTable(
    isWhole ? { ...look, width: undefined } : look,
    columns,
    layers.map((layer) => columns.map(({ cell }) => cell(layer, isWhole))),
    timeLength,
  );
  const out = ['', paint(look, 'bold', 'Layers'), head];
  for (const [index, layer] of layers.entries()) {
    if (layer.index === 0 && base !== null) out.push(`--- base: ${baseTitle(base, look)}`);
    if (layer.index === base?.count) out.push('--- this build');
    for (const line of [rows[index] ?? '', ...makerLine(layer, look, isWhole)]) {
      out.push(layer.isBase ? paint(look, 'dim', line) : line);
    }
  }
  return out;
}

function makerLine({ instruction, source }: LayerReport, look: Look, isWhole: boolean): string[] {
  const result = source?.result === 'run' ? `run in ${printSeconds(source.durationMs)}` : source?.result;
  const place = source === null ? '' : `${placeOf(source)} (${result}) `;
  if (instruction === '' && place === '') return [];
  const text = oneLine(place + instruction);
  return [`    ${isWhole ? text : cut(look, text, 4)}`];
}

function baseTitle({ count, knownBy, name }: NonNullable<ImageReport['base']>, look: Look): string {
  const who = {
    store: name ?? 'an image of the store',
    build: 'the image this one was built on',
    history: 'what the history has before this build',
  }[knownBy];
  return cut(look, `${oneLine(who)} (${countOf(count, 'layer')})`, 10);
}
