import type { BuildReport, StepReport } from '../../../build/record/build-report.ts';
import { h } from './element.ts';
import { type Axis, axisMarks, lane, type Stretch } from './lanes.ts';
import { countOf, printBytes, printSeconds } from './words.ts';

/** A row of the table: a step, or other work. */
interface Row extends Stretch {
  readonly place: string | undefined;
  readonly layerBytes: number | undefined;
  readonly notes: readonly string[];
}

type Groups = ReadonlyMap<string, readonly Row[]>;

/** When the steps of a build ran: the stages at a glance, then each step with its bar on the same axis. */
export function timeline(report: BuildReport): HTMLElement {
  const axis = { from: report.startedAt, to: report.finishedAt };
  const groups = groupRows(report);
  return h(
    'div',
    {},
    legend(),
    overview(groups, axis),
    h(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Steps' },
      h(
        'table',
        { class: 'timeline' },
        h('caption', { class: 'unseen' }, 'Steps, when they ran and why'),
        head(axis),
        ...[...groups].map(([title, rows]) => group(title, rows, axis)),
      ),
    ),
  );
}

function groupRows({ steps, work, criticalPath }: BuildReport): Groups {
  const critical = new Set(criticalPath);
  const groups = new Map<string, Row[]>();
  const isOnePlatform = new Set(steps.map(({ platform }) => platform)).size === 1;
  for (const [index, step] of steps.entries()) {
    const stage = step.stage === '' ? 'Steps' : `Stage ${step.stage}`;
    const title = isOnePlatform ? stage : `${stage}, ${step.platform}`;
    const rows = groups.get(title) ?? [];
    rows.push(stepRow(step, critical.has(index)));
    groups.set(title, rows);
  }
  if (work.length > 0) groups.set('Besides', work.map(workRow));
  return groups;
}

function stepRow(step: StepReport, isCritical: boolean): Row {
  const { label, line, result, from, startedAt, durationMs, layer, causes } = step;
  const isFromElsewhere = from !== null && from !== 'store' && from !== 'covered';
  return {
    name: label.replace(/^\[[^\]]*\] /, ''),
    place: line === null ? undefined : `line ${line}`,
    result: result ?? 'not reached',
    startedAt,
    durationMs,
    layerBytes: layer?.sizeBytes,
    notes: isFromElsewhere ? [`from ${from}`] : causes,
    isCritical,
  };
}

function workRow({ label, startedAt, durationMs }: BuildReport['work'][number]): Row {
  return {
    name: label,
    place: undefined,
    result: 'work',
    startedAt,
    durationMs,
    layerBytes: undefined,
    notes: [],
    isCritical: false,
  };
}

/** One lane for each stage: what ran at the same time stands one below the other. */
function overview(groups: Groups, axis: Axis): HTMLElement {
  const busy = (rows: readonly Row[]) =>
    printSeconds(rows.reduce((sum, { durationMs }) => sum + durationMs, 0));
  const said = [...groups].map(([title, rows]) => `${title}: ${busy(rows)}`).join('; ');
  const lanes = [...groups].flatMap(([title, rows]) => [
    h('div', { class: 'lane-name' }, title),
    lane(rows, axis),
  ]);
  return h(
    'div',
    {
      class: 'overview',
      role: 'img',
      'aria-label': `Time in each of ${countOf(groups.size, 'lane')}. ${said}. The table has every step.`,
    },
    h('div', {}),
    axisMarks(axis),
    ...lanes,
  );
}

const heads = ['Step', 'Result', 'Began', 'Took', 'Layer'] as const;

function head(axis: Axis): HTMLElement {
  return h(
    'thead',
    {},
    h(
      'tr',
      {},
      ...heads.map((title, index) =>
        h('th', { scope: 'col', ...(index > 1 ? { class: 'number' } : {}) }, title),
      ),
      h('td', { class: 'lane', 'aria-hidden': 'true' }, axisMarks(axis)),
    ),
  );
}

function group(title: string, rows: readonly Row[], axis: Axis): HTMLElement {
  return h(
    'tbody',
    {},
    h('tr', { class: 'group' }, h('th', { scope: 'rowgroup', colspan: 6 }, title)),
    ...rows.map((row) => rowElement(row, axis)),
  );
}

function rowElement(row: Row, axis: Axis): HTMLElement {
  const { name, place, result, startedAt, durationMs, layerBytes, notes, isCritical } = row;
  const number = (title: string, text: string) => h('td', { class: 'number', 'data-head': title }, text);
  return h(
    'tr',
    { class: `result-${result.replace(' ', '-')}` },
    h(
      'td',
      { class: 'what' },
      place === undefined ? undefined : h('span', { class: 'place' }, `${place} `),
      h('code', { class: 'clamped', title: name }, name),
      isCritical ? h('span', { class: 'badge' }, 'longest chain') : undefined,
      ...notes.map((note) => h('p', { class: 'note clamped', title: note }, note)),
    ),
    h('td', { class: 'result' }, result === 'work' ? '' : result),
    number('Began', startedAt === null ? '' : printSeconds(startedAt - axis.from)),
    number('Took', startedAt === null ? '' : printSeconds(durationMs)),
    number('Layer', layerBytes === undefined ? '' : printBytes(layerBytes)),
    h('td', { class: 'lane', 'aria-hidden': 'true' }, startedAt === null ? undefined : lane([row], axis)),
  );
}

function legend(): HTMLElement {
  const item = (kind: string, text: string) =>
    h('span', { class: 'legend' }, h('span', { class: `swatch ${kind}`, 'aria-hidden': 'true' }), text);
  return h(
    'p',
    { class: 'note legends' },
    item('span-run critical', 'run, of the longest chain'),
    item('span-run', 'run'),
    item('span-failed', 'failed'),
    item('span-work', 'other work'),
    h('span', { class: 'legend' }, 'no bar: answered from the cache'),
  );
}
