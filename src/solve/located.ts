import { StrataError } from '../core/errors.ts';
import type { SourceText } from '../core/span.ts';
import type { Vertex } from '../plan/vertex.ts';

/** Gives a failure its line of the Dockerfile: only the solver knows which that is. */
export async function located<T>(source: SourceText, { span }: Vertex, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof StrataError) error.place ??= { source, span };
    throw error;
  }
}
