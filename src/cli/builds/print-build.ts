import type { RecordedPush } from '../../build/record/build-record.ts';
import type { BuildReport, StepReport } from '../../build/record/build-report.ts';
import type { LayerSum } from '../../core/build-summary.ts';
import { printBytes, printSeconds } from '../../progress/text/quantities.ts';
import { type Field, fieldLines } from '../inspect/field-lines.ts';
import { cut, type FittingColumn, fittingTable, type Look, oneLine, paint, wrap } from '../inspect/look.ts';
import { countOf, shortDigest, shortTime } from '../inspect/short.ts';

/** All of one build: what it was, its steps and why they ran, what else took time, where the image went. */
export function buildLines(report: BuildReport, look: Look, isWhole: boolean): string[] {
  return [
    paint(look, 'bold', `build ${report.build}`),
    ...fieldLines(look, facts(report, isWhole)),
    ...section(look, 'Steps', stepLines(report, look, isWhole)),
    ...section(look, 'Longest chain', chainLines(report, look, isWhole)),
    ...section(look, 'Besides', workLines(report, look)),
    ...section(
      look,
      'Pushed',
      report.pushes.flatMap((push) => pushLines(push, look)),
    ),
  ];
}

function section(look: Look, title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', paint(look, 'bold', title), ...lines];
}

function facts(report: BuildReport, isWhole: boolean): Field[] {
  const { outcome, error, startedAt, context, dockerfile, target, names, images, summary } = report;
  return [
    ['result', outcome],
    ['error', error === null ? undefined : `${error.message} [${error.code}]`],
    ['began', `${shortTime(new Date(startedAt).toISOString())} UTC, took ${printSeconds(summary.wallMs)}`],
    ['context', context],
    ['dockerfile', dockerfile ?? undefined],
    ['target', target ?? undefined],
    ['names', names.join(', ')],
    ...images.map(
      ({ platform, digest }): Field => ['image', `${shortDigest(digest, isWhole)} for ${platform}`],
    ),
    ['layers', layerReuse(report)],
    ['last build', lastBuild(report)],
  ];
}

function layerReuse({ summary: { layers } }: BuildReport): string | undefined {
  if (layers === null) return undefined;
  const { reused, new: fresh } = layers;
  return `${layerSum(reused)} reused, ${layerSum(fresh)} new`;
}

function layerSum({ count, bytes }: LayerSum): string {
  return count === 0 ? 'none' : `${count} (${printBytes(bytes)})`;
}

function lastBuild({ previous, summary: { layers } }: BuildReport): string | undefined {
  if (previous === null) return undefined;
  if (layers === null || layers.inLast === null) return String(previous);
  const { inLast, reused, new: fresh } = layers;
  const all = reused.bytes + fresh.bytes;
  return `${previous}; ${printBytes(inLast.bytes)} of ${printBytes(all)} were in the last image (${countOf(inLast.count, 'layer')} of ${reused.count + fresh.count})`;
}

/** So much of a step is told before other columns are. */
const leastLabel = 20;

const stepColumns: readonly FittingColumn[] = [
  { title: 'RESULT' },
  { title: 'AT', goes: 1, align: 'right' },
  { title: 'TIME', align: 'right' },
  { title: 'LAYER', goes: 2, align: 'right' },
  { title: 'STEP' },
];

function stepLines({ steps, startedAt: zero }: BuildReport, look: Look, isWhole: boolean): string[] {
  if (steps.length === 0) return [];
  const own = isWhole ? { ...look, width: undefined } : look;
  const [head = '', ...lines] = fittingTable(
    own,
    stepColumns,
    steps.map(({ result, startedAt, durationMs, layer, label }) => [
      result ?? '-',
      startedAt === null ? '-' : `+${printSeconds(startedAt - zero)}`,
      startedAt === null ? '-' : printSeconds(durationMs),
      layer === null ? '-' : printBytes(layer.sizeBytes),
      oneLine(label),
    ]),
    leastLabel,
  );
  return [
    head,
    ...lines.flatMap((line, index) => [colored(line, steps[index], look), ...why(steps[index], own)]),
  ];
}

function colored(line: string, step: StepReport | undefined, look: Look): string {
  if (step?.result === 'failed') return paint(look, 'red', line);
  return step?.result === 'cached' ? paint(look, 'dim', line) : line;
}

function why(step: StepReport | undefined, look: Look): string[] {
  if (step === undefined) return [];
  const { result, from, causes } = step;
  if (result === null) return [];
  if (result === 'cached')
    return from === 'store' || from === 'covered' ? [] : [`        from ${oneLine(from ?? '')}`];
  return causes.flatMap((cause) => wrap(look, oneLine(cause), 8));
}

function chainLines({ steps, criticalPath, summary }: BuildReport, look: Look, isWhole: boolean): string[] {
  const chain = criticalPath.flatMap((index) => steps[index] ?? []);
  if (chain.length === 0) return [];
  const busy = chain.reduce((sum, { durationMs }) => sum + durationMs, 0);
  return [
    ...wrap(
      look,
      `${chain.length === 1 ? '1 step' : `${chain.length} steps, each waiting for the one before,`} took ${printSeconds(busy)} of ${printSeconds(summary.wallMs)}`,
      2,
    ),
    ...chain.map(({ durationMs, label }) => {
      const line = `  ${printSeconds(durationMs).padStart(8)}  ${oneLine(label)}`;
      return isWhole ? line : cut(look, line);
    }),
  ];
}

function workLines({ work, startedAt: zero }: BuildReport, look: Look): string[] {
  return work.map(({ label, startedAt, durationMs }) =>
    cut(
      look,
      `  ${`+${printSeconds(startedAt - zero)}`.padStart(8)}  ${printSeconds(durationMs).padStart(7)}  ${oneLine(label)}`,
    ),
  );
}

function pushLines({ repository, sent, mounted, skipped }: RecordedPush, look: Look): string[] {
  const parts = [
    [sent, 'sent'],
    [mounted, 'taken over from another repository'],
    [skipped, 'there already'],
  ] as const;
  const told = parts
    .filter(([{ blobs }]) => blobs > 0)
    .map(([{ blobs, bytes }, what]) => `${countOf(blobs, 'blob')} (${printBytes(bytes)}) ${what}`);
  return wrap(look, `${oneLine(repository)}: ${told.join(', ')}`, 2);
}
