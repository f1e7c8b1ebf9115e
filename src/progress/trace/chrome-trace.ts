/**
 * Phases in the Trace Event Format, which Perfetto and chrome://tracing open: one process, and a thread for
 * each track. On one thread events must lie inside of each other or apart; phases of one track that overlap
 * otherwise are put on further threads of its name.
 */
import type { Phase } from '../../core/trace.ts';

/** Of the format's duration events, those that are whole (`X`), and names of threads (`M`). Times in microseconds. */
type TraceEvent =
  | {
      readonly ph: 'X';
      readonly name: string;
      readonly cat: string;
      readonly ts: number;
      readonly dur: number;
      readonly pid: number;
      readonly tid: number;
      readonly args?: { readonly detail: string };
    }
  | {
      readonly ph: 'M';
      readonly name: string;
      readonly pid: number;
      readonly tid: number;
      readonly args: { readonly name: string } | { readonly sort_index: number };
    };

interface Lane {
  readonly tid: number;
  /** Ends of the phases that are open at the time that is looked at, outermost first. */
  readonly open: number[];
}

const pid = 1;

/** The text of a trace file. */
export function chromeTrace(phases: readonly Phase[]): string {
  const events: TraceEvent[] = [
    { ph: 'M', name: 'process_name', pid, tid: 0, args: { name: 'strata build' } },
  ];
  const lanes = new Map<string, Lane[]>();
  let count = 0;
  const laneFor = (track: string, start: number, end: number): Lane => {
    const own = lanes.get(track) ?? [];
    lanes.set(track, own);
    const fitting = own.find((lane) => fits(lane, start, end));
    if (fitting !== undefined) return fitting;
    const lane: Lane = { tid: ++count, open: [] };
    own.push(lane);
    const name = own.length === 1 ? track : `${track} (${own.length})`;
    events.push({ ph: 'M', name: 'thread_name', pid, tid: lane.tid, args: { name } });
    events.push({ ph: 'M', name: 'thread_sort_index', pid, tid: lane.tid, args: { sort_index: lane.tid } });
    return lane;
  };

  // Whole microseconds: what touches must not seem to overlap.
  const timed = phases.map((phase) => ({
    phase,
    start: Math.round(phase.startMs * 1000),
    end: Math.round(phase.endMs * 1000),
  }));
  timed.sort((a, b) => a.start - b.start || b.end - a.end);
  for (const { phase, start, end } of timed) {
    const { tid, open } = laneFor(phase.track, start, end);
    open.push(end);
    events.push({
      ph: 'X',
      name: phase.name,
      cat: 'strata',
      ts: start,
      dur: end - start,
      pid,
      tid,
      ...(phase.detail === undefined ? {} : { args: { detail: phase.detail } }),
    });
  }
  return `${JSON.stringify({ displayTimeUnit: 'ms', traceEvents: events }, undefined, 1)}\n`;
}

/** Whether a phase that starts now lies inside of what is open on the lane. Closes what has ended. */
function fits({ open }: Lane, start: number, end: number): boolean {
  for (let last = open.at(-1); last !== undefined && last <= start; last = open.at(-1)) open.pop();
  const around = open.at(-1);
  return around === undefined || end <= around;
}
