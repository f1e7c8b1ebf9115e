import type { SourceText, Span } from './span.ts';

const maxMarkedLines = 8;
/** What is shown of a line before a mark that is longer than there is room for. */
const leadingColumns = 12;

/**
 * The lines a span covers, with one line before it. A span within one line gets carets under it, one
 * over several lines gets `>>>` before each. Lines are cut to `columns`, around what is marked; `…` shows the cuts.
 */
export function printSourceWindow(source: SourceText, span: Span, columns: number): string[] {
  const start = source.position(span.start);
  const end = source.position(Math.max(span.start, span.end - 1));
  const last = Math.min(end.line, start.line + maxMarkedLines - 1);
  const width = Math.max(4, String(last).length + 1);
  const room = Math.max(2 * leadingColumns, columns - width - 5);
  const marked = end.line > start.line;
  const out: string[] = [];
  for (let number = Math.max(1, start.line - 1); number <= last; number++) {
    const line = source.line(number) ?? '';
    const isUnderlined = !marked && number === start.line;
    const from = isUnderlined ? visible(line.slice(0, start.column - 1)).length : 0;
    const length = isUnderlined ? Math.max(1, visible(line.slice(start.column - 1, end.column)).length) : 1;
    const cut = cutAround(visible(line), from, length, room);
    const flag = marked && number >= start.line ? '>>>' : '   ';
    out.push(`${flag}${String(number).padStart(width - 1)} | ${cut.text}`.trimEnd());
    if (!isUnderlined) continue;
    out.push(`${' '.repeat(width + 2)} | ${' '.repeat(cut.from)}^${'~'.repeat(cut.length - 1)}`);
  }
  if (last < end.line) out.push(`${' '.repeat(width + 2)} | … ${end.line - last} more lines`);
  return out;
}

/** At most `room` characters of a line, with `length` of them from `from` on if they fit, and where those are then. */
function cutAround(
  text: string,
  from: number,
  length: number,
  room: number,
): { text: string; from: number; length: number } {
  if (text.length <= room) return { text, from, length };
  const margin = Math.max(leadingColumns, Math.floor((room - length) / 2));
  const start = Math.max(0, Math.min(from - margin, text.length - room));
  const end = start + room;
  const head = start > 0 ? '…' : '';
  const tail = end < text.length ? '…' : '';
  return {
    text: head + text.slice(start + head.length, end - tail.length) + tail,
    from: from - start,
    length: Math.min(length, end - tail.length - from),
  };
}

/** Control characters from strangers must not reach a terminal; a tab becomes one blank. */
function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the point
  return text.replace(/\t/g, ' ').replace(/[\x00-\x1f\x7f-\x9f]/g, '\u{fffd}');
}
