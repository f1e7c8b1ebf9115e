import type { EmitEvent } from '../../core/event.ts';
import type { RecordedWork } from './build-record.ts';

export interface WorkLog {
  /** Takes what happens, and passes it on. */
  readonly emit: EmitEvent;
  /** What was done as steps other than these, in the order in which it began. */
  notOf(ids: ReadonlySet<string>): RecordedWork[];
}

/** Notes when the steps that are shown begin and end. */
export function openWorkLog(emit: EmitEvent): WorkLog {
  const labels = new Map<string, string>();
  const began = new Map<string, number>();
  const done: (RecordedWork & { readonly id: string })[] = [];
  return {
    emit(event) {
      if (event.type === 'plan') {
        for (const { id, label } of event.steps) labels.set(id, label);
      } else if (event.type === 'step') {
        const { id, state, at } = event;
        const startedAt = began.get(id);
        if (state === 'started') began.set(id, at);
        else if (startedAt !== undefined)
          done.push({ id, label: labels.get(id) ?? id, startedAt, durationMs: at - startedAt });
      }
      emit(event);
    },
    notOf: (ids) =>
      done
        .filter(({ id }) => !ids.has(id))
        .map(({ label, startedAt, durationMs }) => ({ label, startedAt, durationMs }))
        .sort((a, b) => a.startedAt - b.startedAt),
  };
}
