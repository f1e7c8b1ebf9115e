/** Keeps the values of secrets out of everything a build says: output of steps, messages, errors. */
import { StrataError } from '../../core/errors.ts';
import type { EmitEvent, ProgressEvent } from '../../core/event.ts';
import { type MaskedStream, maskText, openMaskedStream } from '../../core/secrets/mask-stream.ts';
import { maskedForms } from '../../core/secrets/secret-values.ts';
import type { SecretValues } from './read-secrets.ts';

export interface Masking {
  emitTo(emit: EmitEvent): EmitEvent;
  /** The same error, without values in its message and hint. */
  error(error: unknown): unknown;
}

/** Takes the values of secrets, also encoded, out of what is printed and out of errors. */
export function maskSecrets(secrets: SecretValues): Masking {
  const all = [...secrets.values()].flatMap((value) => (value === undefined ? [] : maskedForms(value)));
  if (all.length === 0) return { emitTo: (emit) => emit, error: (error) => error };
  const forms = [...new Set(all)].sort((a, b) => b.length - a.length);
  const clean = (text: string) => maskText(text, forms);
  return {
    emitTo: (emit) => maskedEmit(emit, forms),
    error(error) {
      if (!(error instanceof StrataError) || clean(error.message) === error.message) return error;
      error.message = clean(error.message);
      return error;
    },
  };
}

type Output = ProgressEvent & { readonly type: 'output' };

function maskedEmit(emit: EmitEvent, forms: readonly string[]): EmitEvent {
  /** Of running steps; the event is the last one of its stream. */
  const streams = new Map<string, Map<Output['stream'], { masked: MaskedStream; last: Output }>>();
  const show = (event: Output, chunk: Uint8Array) => {
    if (chunk.length > 0) emit({ ...event, chunk });
  };

  function output(event: Output): void {
    const ofStep = streams.get(event.id) ?? new Map();
    streams.set(event.id, ofStep);
    const { masked } = ofStep.get(event.stream) ?? { masked: openMaskedStream(forms) };
    ofStep.set(event.stream, { masked, last: event });
    show(event, masked.push(event.chunk));
  }

  function finish(id: string): void {
    for (const { masked, last } of streams.get(id)?.values() ?? []) show(last, masked.end());
    streams.delete(id);
  }

  return (event) => {
    switch (event.type) {
      case 'output':
        output(event);
        break;
      case 'step':
        finish(event.id);
        emit(event.message === undefined ? event : { ...event, message: maskText(event.message, forms) });
        break;
      case 'plan':
        emit({
          ...event,
          steps: event.steps.map((step) => ({ ...step, label: maskText(step.label, forms) })),
        });
        break;
      case 'note':
        emit({ ...event, text: maskText(event.text, forms) });
        break;
      case 'summary': {
        const { slowest } = event.summary;
        const masked = slowest.map((step) => ({ ...step, label: maskText(step.label, forms) }));
        emit({ ...event, summary: { ...event.summary, slowest: masked } });
        break;
      }
      default:
        emit(event);
    }
  };
}
