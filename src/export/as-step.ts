import type { BlobInfo } from '../content/blob-store.ts';
import type { EmitEvent, StepInfo } from '../core/event.ts';
import { traced } from '../core/trace.ts';

/** What a step of the progress display can be told while it goes on. */
export interface StepReporter {
  /** So many bytes of a blob have been moved. */
  moved(blob: BlobInfo, bytes: number, isDone?: boolean): void;
  /** A line for people. */
  said(text: string): void;
}

export interface StepWorld {
  readonly emit: EmitEvent;
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Does `work` as one step of the progress display. */
export async function asStep<T>(
  step: StepInfo,
  { emit, signal, now }: StepWorld,
  work: (report: StepReporter) => Promise<T>,
): Promise<T> {
  const { id } = step;
  emit({ type: 'plan', steps: [step] });
  emit({ type: 'step', id, state: 'started', at: now() });
  try {
    const reporter: StepReporter = {
      moved({ digest, size }, current, isDone = false) {
        const event = { type: 'transfer', id, name: digest, current, total: size, at: now() } as const;
        emit(isDone ? { ...event, done: true } : event);
      },
      said(text) {
        emit({ type: 'output', id, stream: 'stdout', chunk: Buffer.from(`${text}\n`), at: now() });
      },
    };
    const result = await traced(step.label, () => work(reporter));
    emit({ type: 'step', id, state: 'done', at: now() });
    return result;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    emit({ type: 'step', id, state: signal.aborted ? 'canceled' : 'failed', at: now(), message });
    throw error;
  }
}
