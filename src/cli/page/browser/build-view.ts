import type { BuildReport } from '../../../build/record/build-report.ts';
import type { PageImage } from '../data.ts';
import { h, section, table } from './element.ts';
import { type Figure, figureRow } from './figures.ts';
import { definitions } from './layer-list.ts';
import { timeline } from './timeline-view.ts';
import { countOf, printBytes, printSeconds, shortTime } from './words.ts';

/** What the build was, and the numbers that say most. */
export function buildHead(report: BuildReport): HTMLElement {
  const { build, names, outcome, error, context, dockerfile, target, images, previous } = report;
  return h(
    'header',
    {},
    h('h1', {}, `Build ${build}${names.length === 0 ? '' : `: ${names.join(', ')}`}`),
    error === null ? undefined : h('p', { class: 'findings' }, `${error.message} [${error.code}]`),
    figureRow(figures(report)),
    definitions([
      ['Result', outcome],
      ['Began', `${shortTime(new Date(report.startedAt).toISOString())} UTC`],
      ['Context', context],
      ['Dockerfile', dockerfile ?? undefined],
      ['Target', target ?? undefined],
      ['Image', images.map(({ digest, platform }) => `${digest} (${platform})`).join('\n')],
      ['Build before it', previous === null ? undefined : String(previous)],
    ]),
  );
}

function figures({ summary, outcome }: BuildReport): Figure[] {
  const { wallMs, steps, layers, pushes } = summary;
  const sum = (bytes: readonly number[]) => bytes.reduce((all, each) => all + each, 0);
  const missed = [
    ...(steps.failed > 0 ? [`${steps.failed} failed`] : []),
    ...(steps.notReached > 0 ? [`${steps.notReached} not reached`] : []),
  ];
  return [
    { name: outcome === 'done' ? 'Time' : `Time, ${outcome}`, value: printSeconds(wallMs) },
    { name: 'Steps cached', value: String(steps.cached) },
    {
      name: 'Steps run',
      value: String(steps.run + steps.failed),
      note: missed.length === 0 ? undefined : missed.join(', '),
    },
    ...(layers === null
      ? []
      : [
          {
            name: 'Reused',
            value: printBytes(layers.reused.bytes),
            note: countOf(layers.reused.count, 'layer'),
          },
          { name: 'New', value: printBytes(layers.new.bytes), note: countOf(layers.new.count, 'layer') },
          ...(layers.inLast === null
            ? []
            : [
                {
                  name: 'In the last image',
                  value: printBytes(layers.inLast.bytes),
                  note: `of ${printBytes(layers.reused.bytes + layers.new.bytes)}`,
                },
              ]),
        ]),
    ...(pushes.length === 0
      ? []
      : [
          {
            name: 'Pushed',
            value: printBytes(sum(pushes.map(({ sentBytes }) => sentBytes))),
            note: `${printBytes(sum(pushes.map(({ thereBytes }) => thereBytes)))} were there already`,
          },
        ]),
  ];
}

/** Timeline, longest chain, and where the image went. */
export function buildSections(report: BuildReport, images: readonly PageImage[]): HTMLElement[] {
  return [
    section('timeline', 'Timeline', timeline(report)),
    ...longestChain(report),
    ...pushed(report),
    ...(report.images.length > 0 && images.length === 0
      ? [section('image', 'Image', h('p', {}, 'The image is not in the store any more.'))]
      : []),
  ];
}

function longestChain({ steps, criticalPath, summary }: BuildReport): HTMLElement[] {
  const chain = criticalPath.flatMap((index) => steps[index] ?? []);
  if (chain.length === 0) return [];
  const busy = chain.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const what =
    chain.length === 1
      ? 'One step kept everything else waiting:'
      : `${chain.length} steps, each waiting for the one before, took`;
  return [
    section(
      'chain',
      'Longest chain',
      h('p', {}, `${what} ${printSeconds(busy)} of ${printSeconds(summary.wallMs)}.`),
      table(
        'Longest chain',
        [{ title: 'Took', isNumber: true }, { title: 'Share', isNumber: true }, { title: 'Step' }],
        chain.map(({ durationMs, label }) => [
          printSeconds(durationMs),
          `${((durationMs / Math.max(1, summary.wallMs)) * 100).toFixed(0)} %`,
          h('code', {}, label),
        ]),
      ),
    ),
  ];
}

function pushed({ pushes }: BuildReport): HTMLElement[] {
  if (pushes.length === 0) return [];
  const sum = ({ blobs, bytes }: { readonly blobs: number; readonly bytes: number }) =>
    blobs === 0 ? '–' : `${countOf(blobs, 'blob')}, ${printBytes(bytes)}`;
  return [
    section(
      'pushed',
      'Pushed',
      table(
        'Pushed',
        [
          { title: 'Repository' },
          { title: 'Sent', isNumber: true },
          { title: 'From another repository', isNumber: true },
          { title: 'There already', isNumber: true },
        ],
        pushes.map(({ repository, sent, mounted, skipped }) => [
          h('code', {}, repository),
          sum(sent),
          sum(mounted),
          sum(skipped),
        ]),
      ),
    ),
  ];
}
