import { basename } from 'node:path';
import type { BuildOverview } from '../../build/record/build-report.ts';
import { printBytes, printSeconds } from '../../progress/text/quantities.ts';
import { type FittingColumn, fittingTable, type Look, oneLine } from '../inspect/look.ts';
import { printAge } from '../print/print-age.ts';

const columns: readonly FittingColumn[] = [
  { title: 'BUILD', align: 'right' },
  { title: 'WHEN', goes: 5 },
  { title: 'RESULT' },
  { title: 'CACHED', goes: 2, align: 'right' },
  { title: 'RUN', goes: 3, align: 'right' },
  { title: 'TIME', goes: 4, align: 'right' },
  { title: 'NEW', goes: 1, align: 'right' },
  { title: 'WHAT' },
];

/** So much of what was built is told before other columns are. */
const leastName = 16;

/** A line for each build. @param now milliseconds since the epoch */
export function overviewLines(builds: readonly BuildOverview[], look: Look, now: number): string[] {
  return fittingTable(
    look,
    columns,
    builds.map((build) => {
      const { summary, startedAt, outcome } = build;
      const { cached, run, failed } = summary.steps;
      return [
        String(build.build),
        printAge(startedAt, now),
        outcome,
        String(cached),
        String(run + failed),
        printSeconds(summary.wallMs),
        summary.layers === null ? '-' : printBytes(summary.layers.new.bytes),
        oneLine(what(build)),
      ];
    }),
    leastName,
  );
}

/** What was built: its names, and what tells it from other builds of the same context. */
function what({ names, context, dockerfile, target }: BuildOverview): string {
  const place = context === '-' ? 'standard input' : context;
  return [
    names.length > 0 ? names.join(', ') : place,
    ...(dockerfile === null ? [] : [`-f ${dockerfile === '-' ? '-' : basename(dockerfile)}`]),
    ...(target === null ? [] : [`--target ${target}`]),
  ].join(' ');
}
