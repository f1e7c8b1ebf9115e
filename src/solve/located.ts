import { diskFull, isDiskFull, StrataError } from '../core/errors.ts';
import type { SourceText } from '../core/span.ts';
import type { Vertex } from '../plan/vertex.ts';

/** Gives a failure its line of the Dockerfile: only the solver knows which that is. */
export async function located<T>(source: SourceText, { span, label }: Vertex, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const known = isDiskFull(error) && !(error instanceof StrataError) ? diskFull(label, error) : error;
    if (known instanceof StrataError) known.place ??= { source, span };
    throw known;
  }
}
