import type { PageImage } from '../data.ts';
import { h, section, table } from './element.ts';
import { figureRow } from './figures.ts';
import { filesView } from './files-view.ts';
import { definitions, layerList } from './layer-list.ts';
import { searchView } from './search-view.ts';
import { stackBar } from './stack-view.ts';
import { wasteList } from './waste-view.ts';
import { countOf, percent, printBytes, shortTime } from './words.ts';

/** All of one image. @param id begins the ids of its parts */
export function imageView(image: PageImage, id: string): HTMLElement[] {
  const { report } = image;
  const files = filesView(image, `${id}files`);
  const showFiles = (layer: number) => {
    files.showLayer(layer);
    filesSection.scrollIntoView();
    filesSection.focus({ preventScroll: true });
  };
  const list = layerList(report, showFiles);
  const openLayer = (layer: number) => {
    const details = list.querySelector<HTMLDetailsElement>(`[data-layer="${layer}"] details`);
    if (details === null) return;
    details.open = true;
    details.scrollIntoView({ block: 'nearest' });
  };
  const filesSection = section(`${id}files`, 'Files', searchView(image, `${id}search`), files.element);
  filesSection.tabIndex = -1;
  return [
    ...findings(image, id),
    section(`${id}layers`, 'Layers', stackBar(report, openLayer), list),
    section(`${id}waste`, 'Waste', wasteList(report)),
    filesSection,
    section(`${id}config`, 'Config', configFacts(image)),
    section(`${id}history`, 'History', historyTable(image)),
  ];
}

/** The few numbers that say most. */
export function imageFigures({ report: { size, efficiency, waste, layers, base } }: PageImage): HTMLElement {
  const own = layers.length - (base?.count ?? 0);
  return figureRow([
    { name: 'Stored', value: printBytes(size.stored), note: 'compressed' },
    { name: 'Files in all layers', value: printBytes(size.content) },
    { name: 'Files to be seen', value: printBytes(size.visible) },
    {
      name: 'Wasted',
      value: printBytes(waste.hiddenBytes),
      note: `${percent(waste.hiddenBytes, size.content)}, hidden by later layers`,
    },
    { name: 'Efficiency', value: `${(efficiency.score * 100).toFixed(1)} %`, note: 'as dive counts' },
    {
      name: 'Layers',
      value: String(layers.length),
      note: base === null ? undefined : `${countOf(base.count, 'of the base', 'of the base')}, ${own} above`,
    },
  ]);
}

/** What tells the image from others. @param naming whether its name stands elsewhere */
export function imageFacts(
  { report: { image, size } }: PageImage,
  naming: 'without its name' | 'with its name' = 'without its name',
): HTMLElement {
  const names = image.names.filter((name) => name !== image.reference).join(', ');
  return definitions([
    ...(naming === 'with its name'
      ? ([
          ['Image', image.reference],
          ['Size', `${printBytes(size.stored)} stored, ${printBytes(size.content)} of files`],
        ] as const)
      : []),
    ['Names', names],
    ['Platform', image.platform],
    ['Created', image.created === null ? undefined : `${shortTime(image.created)} UTC`],
    ['Manifest', image.manifestDigest ?? undefined],
    ['Config', image.configDigest],
  ]);
}

function findings({ report }: PageImage, id: string): HTMLElement[] {
  if (report.findings.length === 0) return [];
  const items = report.findings.map(({ where, message, code }) =>
    h('li', {}, `${where}: ${message} [${code}]`),
  );
  return [section(`${id}findings`, 'Damaged or wrong', h('ul', { class: 'findings' }, ...items))];
}

function configFacts({ report: { config, annotations, image } }: PageImage): HTMLElement {
  const list = (values: readonly string[] | undefined) =>
    values === undefined ? undefined : JSON.stringify(values);
  const facts = definitions([
    ['Author', image.author ?? undefined],
    ['User', config.User],
    ['Working directory', config.WorkingDir],
    ['Entrypoint', list(config.Entrypoint)],
    ['Command', list(config.Cmd)],
    ['Shell', list(config.Shell)],
    ['Environment', config.Env?.join('\n')],
    ['Ports', Object.keys(config.ExposedPorts ?? {}).join(', ')],
    ['Volumes', Object.keys(config.Volumes ?? {}).join(', ')],
    ['Labels', lines(config.Labels)],
    ['Stop signal', config.StopSignal],
    ['Annotations', lines(annotations)],
  ]);
  return facts.childElementCount > 0 ? facts : h('p', {}, 'It sets nothing.');
}

function lines(values: Readonly<Record<string, string>> = {}): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n');
}

function historyTable({ report: { history, layers } }: PageImage): HTMLElement {
  return table(
    'History',
    [
      { title: 'Layer', isNumber: true },
      { title: 'Instruction' },
      { title: 'Created' },
      { title: 'Files', isNumber: true },
    ],
    history.map(({ layer, instruction, created }) => [
      layer === null ? '' : String(layer),
      h('code', {}, instruction),
      created === null ? '' : h('time', { datetime: created }, shortTime(created)),
      layer === null ? '' : printBytes(layers[layer]?.size.content ?? 0),
    ]),
  );
}
