import type { BuildSummary, LayerSum } from '../core/build-summary.ts';
import { printBytes, printSeconds } from './text/quantities.ts';
import { oneLine } from './tty/live-view.ts';

/** More make no short line. */
const stepsTold = 2;
/** A label in the summary is no longer than this. */
const longestLabel = 32;

/** Columns of a line about the slowest steps that are no label. */
const besideLabels = 26;

/**
 * What a build came to, in two lines, or in more where the columns are too few for two:
 *
 *     build 12: 4 steps cached, 2 run in 8.3s; slowest: RUN make 5.2s
 *       layers: 5 (148MB) reused, 2 (12.3MB) new; pushed to registry.test/app: 12.3MB sent, 148MB there already
 */
export function printSummary(summary: BuildSummary, columns = Number.POSITIVE_INFINITY): string[] {
  const { build, outcome, wallMs, layers, pushes } = summary;
  const time = printSeconds(wallMs);
  const longest = Math.min(longestLabel, Math.floor((columns - besideLabels) / stepsTold));
  const slowest = summary.slowest
    .slice(0, stepsTold)
    .map(({ label, durationMs }) => `${shortLabel(label, longest)} ${printSeconds(durationMs)}`);
  const parts = [
    outcome === 'done'
      ? `build ${build}: ${stepCounts(summary)} in ${time}`
      : `build ${build} ${outcome} after ${time}: ${stepCounts(summary)}`,
    ...(slowest.length === 0 || outcome !== 'done' ? [] : [`slowest: ${slowest.join(', ')}`]),
  ];
  const results = [
    ...(layers === null ? [] : [`layers: ${layerSum(layers.reused)} reused, ${layerSum(layers.new)} new`]),
    ...pushes.map(
      ({ repository, sentBytes, thereBytes }) =>
        `pushed to ${oneLine(repository)}: ${printBytes(sentBytes)} sent, ${printBytes(thereBytes)} there already`,
    ),
  ];
  return [...inColumns('', parts, columns), ...inColumns('  ', results, columns)];
}

/** Parts in one line, or else a line each, all but the first indented. */
function inColumns(indent: string, parts: readonly string[], columns: number): string[] {
  const [first, ...others] = parts;
  if (first === undefined) return [];
  const whole = indent + parts.join('; ');
  if (whole.length <= columns) return [whole];
  return [indent + first, ...others.map((part) => `  ${part}`)];
}

function stepCounts({ steps: { cached, run, failed, notReached } }: BuildSummary): string {
  const counts = [
    [cached, 'cached'],
    [run, 'run'],
    [failed, 'failed'],
    [notReached, 'not reached'],
  ] as const;
  const told = counts.filter(([count]) => count > 0);
  if (told.length === 0) return 'no steps';
  return told
    .map(([count, what], index) => `${count}${index > 0 ? '' : count === 1 ? ' step' : ' steps'} ${what}`)
    .join(', ');
}

function layerSum({ count, bytes }: LayerSum): string {
  return count === 0 ? 'none' : `${count} (${printBytes(bytes)})`;
}

/** The instruction without the stage: `[build 2/5] RUN make` is `RUN make`. */
function shortLabel(label: string, longest: number): string {
  const text = oneLine(label.replace(/^\[[^\]]*\] /, '').replace(/\s+/g, ' '));
  return text.length <= longest ? text : `${text.slice(0, Math.max(1, longest - 1)).trimEnd()}…`;
}
