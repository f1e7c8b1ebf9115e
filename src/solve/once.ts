import type { VertexID } from '../plan/vertex.ts';

/** Asks for something of a vertex once; whoever asks again gets the same promise. */
export function once<T>(memory: Map<VertexID, Promise<T>>, id: VertexID, make: () => Promise<T>): Promise<T> {
  let known = memory.get(id);
  if (known === undefined) {
    known = make();
    // Whoever asked meets the failure; an unobserved copy of it must not end the process.
    known.catch(() => {});
    memory.set(id, known);
  }
  return known;
}

/** What a promise came to, nothing if it failed. */
export async function settled<T>(promise: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await promise;
  } catch {
    return undefined;
  }
}
