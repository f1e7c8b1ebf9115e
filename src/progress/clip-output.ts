import type { ProgressEvent } from '../core/event.ts';
import type { Renderer } from './renderer.ts';
import { printBytes } from './text/quantities.ts';

/**
 * Shows no more than `maxBytes` of what each step prints. That something is left out is said where it begins, and how
 * much it was when the step ends. The last lines of a step that failed are no part of this: its error has them.
 */
export function clipOutput(renderer: Renderer, maxBytes: number): Renderer {
  const printed = new Map<string, number>();

  function clip(event: ProgressEvent & { type: 'output' }): void {
    const before = printed.get(event.id) ?? 0;
    printed.set(event.id, before + event.chunk.length);
    if (before > maxBytes) return;
    const room = maxBytes - before;
    renderer.handle({ ...event, chunk: event.chunk.subarray(0, room) });
    if (event.chunk.length > room) {
      const start = room === 0 || event.chunk[room - 1] === 0x0a ? '' : '\n';
      const text = `${start}[output clipped: the log takes ${printBytes(maxBytes)} of a step]\n`;
      renderer.handle({ ...event, chunk: Buffer.from(text) });
    }
  }

  function conclude({ id, at, state }: ProgressEvent & { type: 'step' }): void {
    const leftOut = (printed.get(id) ?? 0) - maxBytes;
    if (state === 'started' || leftOut <= 0) return;
    const chunk = Buffer.from(`[output clipped: ${printBytes(leftOut)} left out]\n`);
    renderer.handle({ type: 'output', id, stream: 'stderr', chunk, at });
  }

  return {
    handle(event) {
      if (event.type === 'output') return clip(event);
      if (event.type === 'step') conclude(event);
      renderer.handle(event);
    },
    close: () => renderer.close(),
  };
}
