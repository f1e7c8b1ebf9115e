import type { Renderer } from './renderer.ts';

/** Shows nothing: a failure is told by the error alone. */
export function quietRenderer(): Renderer {
  return { handle() {}, close() {} };
}
