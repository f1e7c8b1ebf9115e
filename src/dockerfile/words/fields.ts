/** The fields a lexed text falls into (spec 2.4), gathered while it is lexed. */
import { isSpace } from '../text/whitespace.ts';

/** A piece of the result between unquoted blanks, and the stretch of the input it came from. */
export interface Field {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

interface FieldSplitter {
  /** Blanks in it end a field. */
  add(piece: string, start: number, end: number): void;
  /** Quoted or escaped: belongs to one field whatever it holds. */
  addUnsplit(piece: string, start: number, end: number): void;
  finish(): Field[];
}

/** Cuts what is lexed into fields at blanks, keeping where in the text each lies. */
export function fieldSplitter(): FieldSplitter {
  const done: Field[] = [];
  let text = '';
  let from: number | undefined;
  let to = 0;
  function append(piece: string, start: number, end: number): void {
    from ??= start;
    text += piece;
    to = end;
  }
  function close(): void {
    if (text !== '') done.push({ text, start: from ?? 0, end: to });
    text = '';
    from = undefined;
  }
  return {
    add(piece, start, end) {
      for (const char of piece) {
        if (isSpace(char)) close();
        else append(char, start, end);
      }
    },
    addUnsplit: append,
    finish() {
      close();
      return done;
    },
  };
}
