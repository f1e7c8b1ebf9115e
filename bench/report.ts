/** The tables that are made of samples. */
import { markdownTable, median } from './statistics.ts';
import type { Phase } from './workloads.ts';

export interface Sample {
  readonly builder: string;
  readonly workload: string;
  readonly kind: Phase['kind'];
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  readonly outputBytes: number;
}

/** Everything a run of the benchmark found out. */
export interface Report {
  readonly machine: string;
  readonly date: string;
  readonly rounds: number;
  /** By builder, in the order of the columns. */
  readonly versions: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
  readonly samples: readonly Sample[];
  /** What a builder could not build. */
  readonly failures: readonly string[];
}

export interface Row {
  readonly workload: string;
  readonly kind: Phase['kind'];
  readonly what: string;
  readonly bar: number;
}

/** Markdown: the machine, times and ratios, and what they cost in processor time, memory and bytes. */
export function printReport(report: Report): string {
  const versions = Object.values(report.versions).join('; ');
  const runs = `medians of ${report.rounds} rounds, least and most in brackets`;
  return [
    `${report.machine}; ${report.date}; ${runs}. ${versions}.`,
    timesTable(report),
    costsTable(report),
    ...report.failures.map((failure) => `Failed: ${failure}`),
  ].join('\n\n');
}

/** The bar is for BuildKit, of which an engine has an old one inside. */
function timesTable(report: Report): string {
  const builders = Object.keys(report.versions);
  const others = builders.filter((name) => name !== 'strata');
  const head = ['workload', 'strata s', ...others.flatMap((name) => [`${name} s`, 'strata takes']), 'goal'];
  const rows = report.rows.map((row) => {
    const own = secondsOf(report, row, 'strata');
    const cells = others.flatMap((name) => {
      const seconds = secondsOf(report, row, name);
      const ratio = median(own) / median(seconds);
      return [times(seconds), Number.isNaN(ratio) ? '' : `${ratio.toFixed(2)} x`];
    });
    return [`${row.what}, ${row.kind}`, times(own), ...cells, `${row.bar} x`];
  });
  return markdownTable(head, rows);
}

function costsTable(report: Report): string {
  const builders = Object.keys(report.versions);
  const head = ['workload', ...builders.map((name) => `${name}: CPU s / peak MB / output MB`)];
  const rows = report.rows.map((row) => [
    `${row.what}, ${row.kind}`,
    ...builders.map((name) => {
      const own = samplesOf(report, row, name);
      if (own.length === 0) return '';
      const cpu = median(own.map(({ cpuSeconds }) => cpuSeconds)).toFixed(2);
      const peak = Math.round(Math.max(...own.map(({ peakBytes }) => peakBytes)) / 1e6);
      const output = (median(own.map(({ outputBytes }) => outputBytes)) / 1e6).toFixed(1);
      return `${cpu} / ${peak} / ${output}`;
    }),
  ]);
  return markdownTable(head, rows);
}

function samplesOf({ samples }: Report, { workload, kind }: Row, builder: string): readonly Sample[] {
  return samples.filter(
    (sample) => sample.workload === workload && sample.kind === kind && sample.builder === builder,
  );
}

function secondsOf(report: Report, row: Row, builder: string): readonly number[] {
  return samplesOf(report, row, builder).map(({ seconds }) => seconds);
}

function times(seconds: readonly number[]): string {
  if (seconds.length === 0) return '';
  const [least, most] = [Math.min(...seconds), Math.max(...seconds)];
  return `${median(seconds).toFixed(2)} (${least.toFixed(2)}-${most.toFixed(2)})`;
}
