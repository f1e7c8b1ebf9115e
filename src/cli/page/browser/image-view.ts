import type { PageImage } from '../data.ts';
import { h, section, table } from './element.ts';
import { filesView } from './files-view.ts';
import { definitions, layerList } from './layer-list.ts';
import { searchView } from './search-view.ts';
import { stackBar } from './stack-view.ts';
import { wasteList } from './waste-view.ts';
import { percent, printBytes } from './words.ts';

/** All of one image. @param id begins the ids of its parts */
export function imageView(image: PageImage, id: string): Node[] {
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

/** The image's name and the few numbers that say most. */
export function imageHead({ report }: PageImage): HTMLElement {
  const { image, size, efficiency, waste } = report;
  return definitions([
    ['Image', image.reference],
    ['Names', image.names.filter((name) => name !== image.reference).join(', ')],
    ['Platform', image.platform],
    ['Created', image.created ?? undefined],
    ['Manifest', image.manifestDigest ?? undefined],
    ['Config', image.configDigest],
    [
      'Size',
      `${printBytes(size.stored)} stored, ${printBytes(size.content)} of files in its layers, ${printBytes(size.visible)} visible`,
    ],
    ['Hidden', `${printBytes(waste.hiddenBytes)}, ${percent(waste.hiddenBytes, size.content)} of all files`],
    ['Efficiency', `${(efficiency.score * 100).toFixed(1)} %`],
  ]);
}

function findings({ report }: PageImage, id: string): Node[] {
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
      layer === null ? '–' : String(layer),
      h('code', {}, instruction),
      created ?? '',
      layer === null ? '' : printBytes(layers[layer]?.size.content ?? 0),
    ]),
  );
}
