import type { SourceText, Span } from '../../core/source/span.ts';

interface Position {
  /** Both from 1; columns count UTF-16 units. */
  readonly line: number;
  readonly column: number;
}

/** A place as buildx's JSON has it, with columns. */
export interface Location {
  readonly ranges: readonly [{ readonly start: Position; readonly end: Position }];
}

/** The end is where the text goes on, not its last character. */
export function locationOf(source: SourceText, { start, end }: Span): Location {
  return { ranges: [{ start: source.position(start), end: source.position(end) }] };
}
