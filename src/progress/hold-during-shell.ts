import type { ProgressEvent } from '../core/event.ts';
import type { Renderer } from './renderer.ts';

/** Keeps a renderer from the terminal while a person works there; it is told afterwards. */
export function holdDuringShell(renderer: Renderer): Renderer {
  const held: ProgressEvent[] = [];
  let isOpen = false;
  return {
    handle(event) {
      if (event.type === 'shell') {
        isOpen = event.state === 'opened';
        if (!isOpen) for (const each of held.splice(0)) renderer.handle(each);
      } else if (isOpen) held.push(event);
      else renderer.handle(event);
    },
    close: () => renderer.close(),
  };
}
