import type { ImageReport } from '../../inspect/report.ts';
import type { LimitCheck } from '../../inspect/waste/limits.ts';
import type { WasteItem } from '../../inspect/waste/waste-item.ts';
import { printBytes } from '../../progress/text/quantities.ts';
import { cut, type Look, oneLine, paint, wrap } from './look.ts';
import { countOf, percent, placeOf } from './short.ts';

/** So many are told; `--json` has all. */
const itemsShown = 8;
/** Below this share of all bytes an item is not worth a person's time. */
const leastShare = 0.001;
/** The same for what the base image stores: package databases change with every package. */
const leastShareOfBase = 0.01;

/** What need not be in the image, most bytes first, and what to do about it. */
export function wasteLines(report: ImageReport, look: Look): string[] {
  const { waste, efficiency, size } = report;
  const isWorthSaying = ({ isInBase, bytes, layer }: WasteItem) =>
    !isInBase && bytes >= size.content * (isOfBase(report, layer) ? leastShareOfBase : leastShare);
  const items = waste.items.filter(isWorthSaying);
  const shown = items.slice(0, itemsShown);
  const rest = waste.items.length - shown.length;
  return [
    '',
    paint(look, 'bold', 'Waste'),
    ...wrap(
      look,
      `${printBytes(waste.hiddenBytes)} of ${printBytes(size.content)} are hidden by later layers; efficiency ${percent(efficiency.score)}`,
      2,
    ),
    ...shown.flatMap((item) => itemLines(item, report, look)),
    ...(rest > 0
      ? [
          '',
          ...wrap(
            look,
            `${countOf(rest, 'more item', 'more items')}, smaller or of the base image: --json has all`,
            2,
          ),
        ]
      : []),
  ];
}

function itemLines(item: WasteItem, { layers }: ImageReport, look: Look): string[] {
  const indented = (text: string) => `          ${cut(look, oneLine(text), 10)}`;
  const name = (index: number) => `layer ${index} ${makerOf(layers, index)}`;
  const by = item.otherLayer === null ? '' : `: ${name(item.otherLayer)}`;
  const places = item.places.map(({ path, bytes }) => `${path} ${printBytes(bytes)}`).join(', ');
  return [
    '',
    `${printBytes(item.bytes).padStart(8)}  ${cut(look, oneLine(name(item.layer)), 10)}`,
    indented(`${countOf(item.files, 'file')}, ${item.title}${by}`),
    ...wrap(look, oneLine(places), 10),
    ...wrap(look, oneLine(`→ ${item.suggestion}`), 10).map((line) => paint(look, 'yellow', line)),
  ];
}

function makerOf(layers: ImageReport['layers'], index: number): string {
  const layer = layers.find((each) => each.index === index);
  if (layer === undefined) return '';
  const { source, instruction } = layer;
  return source === null ? instruction : `${placeOf(source)} ${instruction}`;
}

function isOfBase({ base }: ImageReport, layer: number): boolean {
  return layer < (base?.count ?? 0);
}

/** One line for each limit that was asked for. */
export function limitLines(checks: readonly LimitCheck[], look: Look): string[] {
  if (checks.length === 0) return [];
  const lines = checks.flatMap(({ rule, limit, value, isKept }) => {
    const print = rule === 'highest-wasted-bytes' ? printBytes : (ratio: number) => ratio.toFixed(4);
    const verdict = isKept ? paint(look, 'green', 'PASS') : paint(look, 'red', 'FAIL');
    const [first = '', ...more] = wrap(look, `${rule}: ${print(value)}, the limit is ${print(limit)}`, 8);
    return [`  ${verdict}  ${first.trimStart()}`, ...more];
  });
  return ['', paint(look, 'bold', 'Limits'), ...lines];
}
