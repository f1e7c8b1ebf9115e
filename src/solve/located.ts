import { diskFull, isDiskFull, StrataError } from '../core/errors.ts';
import type { SourceText, Span } from '../core/source/span.ts';
import type { Vertex } from '../plan/vertex.ts';

/** Gives a failure its line of the Dockerfile: only the solver knows which that is. */
export async function located<T>(source: SourceText, { span, label }: Vertex, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const known = isDiskFull(error) && !(error instanceof StrataError) ? diskFull(label, error) : error;
    if (known instanceof StrataError) known.place ??= { source, span: spanOfWord(source, span, known.word) };
    throw known;
  }
}

/** Where a word stands in an instruction; all of the instruction where a variable or quotes hide it. */
function spanOfWord({ text }: SourceText, span: Span, word: string | undefined): Span {
  if (word === undefined || word === '') return span;
  for (let at = text.indexOf(word, span.start); at >= 0 && at < span.end; at = text.indexOf(word, at + 1)) {
    const end = at + word.length;
    if (/[\s=,]/.test(text[at - 1] ?? '') && /^(?:[\s,]|$)/.test(text.slice(end, end + 1)))
      return { start: at, end };
  }
  return span;
}
