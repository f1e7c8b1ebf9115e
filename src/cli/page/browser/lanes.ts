import { h } from './element.ts';
import { niceSteps } from './scale.ts';
import { printSeconds } from './words.ts';

/** More marks on the axis than this run into each other. */
const marksAtMost = 6;
/** From here on a mark's text stands before its line, behind which there is no room, unless there are others enough. */
const lastMark = 0.85;
const marksEnough = 3;

/** What took some of the time of a build. */
export interface Stretch {
  readonly name: string;
  readonly result: 'cached' | 'run' | 'failed' | 'not reached' | 'work';
  /** Null for what never ran. */
  readonly startedAt: number | null;
  readonly durationMs: number;
  readonly isCritical: boolean;
}

/** From the beginning of the build to its end, milliseconds since the epoch. */
export interface Axis {
  readonly from: number;
  readonly to: number;
}

/** The marks of the axis, in seconds since the beginning. */
export function axisMarks({ from, to }: Axis): HTMLElement {
  const total = Math.max(1, to - from);
  const steps = niceSteps(total, marksAtMost);
  const inside = steps.filter((at) => at / total <= lastMark);
  const marks = (inside.length >= marksEnough ? inside : steps).map((at) =>
    at / total > lastMark
      ? h('span', { class: 'before', style: `right:${percentOf(total - at, total)}` }, `${at / 1000} s`)
      : h('span', { style: `left:${percentOf(at, total)}` }, `${at / 1000} s`),
  );
  return h('div', { class: 'axis' }, ...marks);
}

/** A track along the axis with a bar for each stretch. */
export function lane(stretches: readonly Stretch[], { from, to }: Axis): HTMLElement {
  const total = Math.max(1, to - from);
  const track = h('div', { class: 'track' });
  for (const { name, result, startedAt, durationMs, isCritical } of stretches) {
    if (startedAt === null) continue;
    const [left, width] = [percentOf(startedAt - from, total), percentOf(durationMs, total)];
    track.append(
      h('div', {
        class: `span span-${result}${isCritical ? ' critical' : ''}`,
        style: `left:min(${left},calc(100% - 3px));width:${width}`,
        title: `${name}\nbegan after ${printSeconds(startedAt - from)}, took ${printSeconds(durationMs)}`,
      }),
    );
  }
  return track;
}

function percentOf(part: number, whole: number): string {
  return `${Math.min(100, Math.max(0, (part / whole) * 100)).toFixed(3)}%`;
}
