/**
 * How long the parts of a build take, for whoever asks (`--trace`, `--debug`). Code that is worth watching
 * says `traced('mount', …)` and nothing more; while nobody watches that is one comparison. Which step
 * a phase belongs to is not told from hand to hand: it is that of the innermost `onTrack` around it.
 */
import type { AsyncLocalStorage } from 'node:async_hooks';

export interface Phase {
  readonly name: string;
  /** What it belongs to: the label of a step, or a part of strata. */
  readonly track: string;
  /** Of the clock that the trace was started with. */
  readonly startMs: number;
  readonly endMs: number;
  /** What it worked on. */
  readonly detail?: string;
}

export interface Trace {
  /** Those that have ended, in the order of their ends. */
  readonly phases: readonly Phase[];
  /** Notes a phase of which somebody else took the time. */
  add(phase: Phase): void;
  stop(): void;
}

interface Recorder {
  readonly now: () => number;
  readonly tracks: AsyncLocalStorage<string>;
  add(phase: Phase): void;
}

let recorder: Recorder | undefined;

/** What happens outside of every track. */
const mainTrack = 'build';

/**
 * Watches this process until `stop`. One trace at a time.
 * @param now milliseconds; must not go back
 * @param tracks an empty storage of the caller's: it is loaded by those who watch only
 */
export function startTrace(now: () => number, tracks: AsyncLocalStorage<string>): Trace {
  const phases: Phase[] = [];
  const add = (phase: Phase) => {
    phases.push(phase);
  };
  recorder = { now, tracks, add };
  return {
    phases,
    add,
    stop() {
      recorder = undefined;
    },
  };
}

/** Does `work`, a phase of that name until it returns or its promise is settled. */
export function traced<T>(name: string, work: () => T, detail?: string): T {
  const end = beginPhase(name, detail);
  if (end === undefined) return work();
  let result: T;
  try {
    result = work();
  } catch (error) {
    end();
    throw error;
  }
  if (result instanceof Promise) result.then(end, end);
  else end();
  return result;
}

/** @returns what ends the phase; undefined while nobody watches */
function beginPhase(name: string, detail: string | undefined): (() => void) | undefined {
  if (recorder === undefined) return undefined;
  const { now, tracks, add } = recorder;
  const startMs = now();
  const track = tracks.getStore() ?? mainTrack;
  return () => add({ name, track, startMs, endMs: now(), ...(detail === undefined ? {} : { detail }) });
}

/** Does `work`; what is traced in it, and in what it starts, belongs to `track`. */
export function onTrack<T>(track: string, work: () => T): T {
  return recorder === undefined ? work() : recorder.tracks.run(track, work);
}
