/** A line of a step's output, with the time at which it began. */
export interface OutputLine {
  readonly text: string;
  readonly at: number;
}

/** A line longer than this is shown in pieces, so that output without line ends cannot fill the memory. */
const maxLineLength = 64 * 1024;

/** A carriage return ends a line too, as a progress bar that redraws itself means it; the last one may still become `\r\n`. */
const lineEnd = /\r*\n|\r+(?![\r\n]|$)/g;

/**
 * Joins the chunks of one stream to whole lines. Bytes that are not UTF-8 become U+FFFD, and a character
 * cut in two by a chunk border is put together.
 */
export class LineJoiner {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  #partial = '';
  #since = 0;

  push(chunk: Uint8Array, at: number): OutputLine[] {
    return this.#take(this.#decoder.decode(chunk, { stream: true }), at);
  }

  /** The last line, when it had no line end. */
  end(at: number): OutputLine[] {
    const lines = this.#take(this.#decoder.decode(), at);
    const text = this.#partial.replace(/\r+$/, '');
    this.#partial = '';
    if (text !== '') lines.push({ text, at: this.#since });
    return lines;
  }

  #take(text: string, at: number): OutputLine[] {
    if (text === '') return [];
    if (this.#partial === '') this.#since = at;
    lineEnd.lastIndex = Math.max(0, this.#partial.length - 1);
    const all = this.#partial + text;
    const lines: OutputLine[] = [];
    let start = 0;
    for (let match = lineEnd.exec(all); match !== null; match = lineEnd.exec(all)) {
      const line = all.slice(start, match.index);
      if (line !== '' || match[0].endsWith('\n')) lines.push({ text: line, at: this.#since });
      start = match.index + match[0].length;
      this.#since = at;
    }
    this.#partial = all.slice(start);
    while (this.#partial.length > maxLineLength) {
      lines.push({ text: this.#partial.slice(0, maxLineLength), at: this.#since });
      this.#partial = this.#partial.slice(maxLineLength);
    }
    return lines;
  }
}
