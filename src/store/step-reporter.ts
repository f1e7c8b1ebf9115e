import type { BlobInfo } from '../content/blob-store.ts';
import type { EmitEvent } from '../core/event.ts';

/** Tells how much of a blob has been moved. */
export type StepReporter = (blob: BlobInfo, bytes: number, isDone?: boolean) => void;

/** Does `work` as one step of the progress display. */
export async function asStep<T>(
  label: string,
  io: { readonly emit: EmitEvent; readonly signal: AbortSignal; now(): number },
  work: (report: StepReporter) => Promise<T>,
): Promise<T> {
  const { emit, signal, now } = io;
  const id = label;
  emit({ type: 'plan', steps: [{ id, label }] });
  emit({ type: 'step', id, state: 'started', at: now() });
  try {
    const result = await work(({ digest, size }, current, isDone = false) => {
      const event = { type: 'transfer', id, name: digest, current, total: size, at: now() } as const;
      emit(isDone ? { ...event, done: true } : event);
    });
    emit({ type: 'step', id, state: 'done', at: now() });
    return result;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    emit({ type: 'step', id, state: signal.aborted ? 'canceled' : 'failed', at: now(), message });
    throw error;
  }
}
