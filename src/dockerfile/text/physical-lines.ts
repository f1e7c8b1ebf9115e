/** A line of the file as it stands there; offsets into the text. */
export interface PhysicalLine {
  readonly start: number;
  /** Behind the last character, all trailing carriage returns left out. */
  readonly end: number;
  /** Start of the next line. */
  readonly next: number;
}

/** Hands out the lines of a text one by one; only LF ends a line (spec 1.1). */
export interface LineCursor {
  readonly text: string;
  /** Start of the line that comes next. */
  readonly offset: number;
  read(): PhysicalLine | undefined;
}

/** @param from where the first line begins */
export function openLines(text: string, from: number): LineCursor {
  let offset = from;
  return {
    text,
    get offset() {
      return offset;
    },
    read() {
      if (offset >= text.length) return undefined;
      const line = physicalLineAt(text, offset);
      offset = line.next;
      return line;
    },
  };
}

/** The line that begins at an offset. */
export function physicalLineAt(text: string, start: number): PhysicalLine {
  const lineFeed = text.indexOf('\n', start);
  const next = lineFeed < 0 ? text.length : lineFeed + 1;
  let end = lineFeed < 0 ? text.length : lineFeed;
  while (end > start && text.charAt(end - 1) === '\r') end--;
  return { start, end, next };
}
