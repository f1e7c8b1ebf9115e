import type { FileDifference, FileSide } from '../../../inspect/diff/compare-files.ts';
import type { ImageComparison } from '../../../inspect/diff/compare-images.ts';
import type { LayerReport } from '../../../inspect/report.ts';
import { isNews } from '../../inspect/news.ts';
import { memberWords } from '../../inspect/short.ts';
import type { PageImage } from '../data.ts';
import { h, section, table } from './element.ts';
import { pagedTable } from './paged-table.ts';
import { countOf, printBytes } from './words.ts';

/** Two images beside each other: layers, files, config. */
export function compareView(
  comparison: ImageComparison,
  differences: readonly FileDifference[],
  a: PageImage,
  b: PageImage,
): HTMLElement[] {
  return [
    section('layers', 'Layers', ...layersBeside(comparison, a, b)),
    section('files', 'Files', fileDifferences(comparison, differences)),
    section('config', 'Config', configDifferences(comparison)),
  ];
}

function layersBeside({ layers }: ImageComparison, a: PageImage, b: PageImage): Node[] {
  const largest = Math.max(
    1,
    ...[a, b].flatMap(({ report }) => report.layers.map(({ size }) => size.content)),
  );
  const count = Math.max(layers.countA, layers.countB);
  const rows = Array.from({ length: count }, (_, index) => {
    const isShared = index < layers.shared;
    return [
      String(index),
      layerCell(a.report.layers[index], largest, isShared),
      layerCell(b.report.layers[index], largest, isShared),
      isShared ? 'shared' : remark(layers, index),
    ];
  });
  const text = `${countOf(layers.shared, 'shared layer')} of ${layers.countA} in A and ${layers.countB} in B: ${printBytes(layers.sharedStored)} stored, ${printBytes(layers.sharedContent)} of files. Not shared: ${printBytes(layers.onlyAStored)} stored in A, ${printBytes(layers.onlyBStored)} in B.`;
  return [
    h('p', {}, text),
    table(
      'Layers beside each other',
      [{ title: 'Layer', isNumber: true }, { title: 'A' }, { title: 'B' }, { title: '' }],
      rows,
    ),
  ];
}

/** What tells two layers apart that should be one. */
function remark({ parting, alsoDifferent }: ImageComparison['layers'], index: number): string {
  const different = [...(parting === null ? [] : [parting]), ...alsoDifferent].find(
    (each) => each.index === index,
  );
  const where = index === parting?.index ? 'they part here' : '';
  const members = different?.members ?? null;
  if (members === null) return where;
  const what = memberWords(members);
  return where === '' ? what : `${where}: ${what}`;
}

function layerCell(layer: LayerReport | undefined, largest: number, isShared: boolean): HTMLElement {
  if (layer === undefined) return h('span', { class: 'note' }, 'no such layer');
  const width = `width:${((layer.size.content / largest) * 100).toFixed(2)}%`;
  return h(
    'div',
    { class: 'beside' },
    h('code', {}, layer.instruction),
    h('span', { class: 'number' }, printBytes(layer.size.content)),
    h(
      'span',
      { class: 'meter', 'aria-hidden': 'true' },
      h('span', { class: `fill kind-${isShared ? 'reused' : 'new'}`, style: width }),
    ),
  );
}

const signs = { added: '+', removed: '−', changed: '~' } as const;

function fileDifferences({ files }: ImageComparison, differences: readonly FileDifference[]): HTMLElement {
  const kinds = ['added', 'removed', 'changed'] as const;
  const boxes = kinds.map((kind) => h('input', { type: 'checkbox', id: `show-${kind}`, checked: true }));
  const input = h('input', { type: 'search', id: 'difference', autocomplete: 'off' });
  const status = h('p', { role: 'status', class: 'note' });
  const results = h('div', {});
  const show = () => {
    const wanted = input.value.trim().toLowerCase();
    const chosen = kinds.filter((_, index) => boxes[index]?.checked);
    const found = differences.filter(
      (each) => chosen.includes(each.change) && each.path.toLowerCase().includes(wanted),
    );
    status.textContent = countOf(found.length, 'difference');
    results.replaceChildren(...(found.length === 0 ? [] : [differenceTable(found)]));
  };
  for (const control of [...boxes, input]) control.addEventListener('input', show);
  show();
  return h(
    'div',
    {},
    h(
      'p',
      { class: 'controls' },
      ...kinds.flatMap((kind, index) => [
        boxes[index],
        h('label', { for: `show-${kind}`, class: 'choice' }, ` ${files[kind].toLocaleString('en')} ${kind}`),
      ]),
      h('label', { for: 'difference' }, 'Path '),
      input,
    ),
    status,
    results,
  );
}

function differenceTable(rows: readonly FileDifference[]): HTMLElement {
  return pagedTable(
    'Files that differ',
    [{ title: '' }, { title: 'Path' }, { title: 'What' }, { title: 'A' }, { title: 'B' }],
    rows,
    ({ path, change, aspects, a, b }) => [
      h('span', { class: `sign ${change}`, role: 'img', 'aria-label': change }, signs[change]),
      h('code', { class: 'path' }, path),
      aspects.join(', '),
      sideText(a, aspects),
      sideText(b, aspects),
    ],
  );
}

/** What one side has; times only where they are what differs. */
function sideText(side: FileSide | null, aspects: FileDifference['aspects']): string {
  if (side === null) return '';
  const { type, mode, uid, gid, size, mtime, layer } = side;
  const bytes = type === 'file' ? `, ${printBytes(size)}` : '';
  const time = aspects.includes('time') ? `, ${mtime}` : '';
  return `${type} ${mode} ${uid}:${gid}${bytes}${time}, layer ${layer}`;
}

function configDifferences({ config }: ImageComparison): HTMLElement {
  if (config.length === 0) return h('p', {}, 'Config and manifest say the same.');
  const news = config.filter(isNews);
  const rest = config.length - news.length;
  const fields = table(
    'Fields that differ',
    [{ title: 'Field' }, { title: 'A' }, { title: 'B' }],
    news.map(({ field, a, b }) => [h('code', { class: 'field' }, field), a ?? '–', b ?? '–']),
  );
  const dates = `${countOf(rest, 'more field', 'more fields')} of the history: when its steps ran, and what comes with steps that one image lacks.`;
  return h(
    'div',
    {},
    news.length === 0 ? undefined : fields,
    rest === 0 ? undefined : h('p', { class: 'note' }, dates),
  );
}
