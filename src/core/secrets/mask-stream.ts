/** Takes values out of a stream of bytes, also where one is cut by the end of a chunk. */

/** What stands in place of a value. */
const mask = '***';

export interface MaskedStream {
  /** What may be shown by now; the rest, the possible beginning of a value, comes with what follows. */
  push(chunk: Uint8Array): Uint8Array;
  /** What was held back, when nothing follows. */
  end(): Uint8Array;
}

/** @param forms what to take out, longest first, one character per byte; none of them empty */
export function openMaskedStream(forms: readonly string[]): MaskedStream {
  let held = '';
  const firsts = new Set(forms.map((form) => form.charAt(0)));
  return {
    push(chunk) {
      const text = held + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1');
      const { shown, rest } = maskUpTo(text, forms, openEnd(text, forms, firsts));
      held = rest;
      return Buffer.from(shown, 'latin1');
    },
    end() {
      const { shown } = maskUpTo(held, forms, held.length);
      held = '';
      return Buffer.from(shown, 'latin1');
    },
  };
}

/** The text without the values in it. */
export function maskText(text: string, forms: readonly string[]): string {
  const bytes = Buffer.from(text, 'utf8').toString('latin1');
  const { shown } = maskUpTo(bytes, forms, bytes.length);
  return Buffer.from(shown, 'latin1').toString('utf8');
}

/** Masks what begins before `end`; the rest begins there, or behind a value that reaches further. */
function maskUpTo(
  text: string,
  forms: readonly string[],
  end: number,
): { readonly shown: string; readonly rest: string } {
  const next = forms.map((form) => ({ form, at: text.indexOf(form) }));
  let shown = '';
  let done = 0;
  for (;;) {
    let first: { form: string; at: number } | undefined;
    for (const each of next) {
      if (each.at >= 0 && each.at < done) each.at = text.indexOf(each.form, done);
      if (each.at >= 0 && each.at < end && (first === undefined || each.at < first.at)) first = each;
    }
    if (first === undefined) break;
    shown += text.slice(done, first.at) + mask;
    done = first.at + first.form.length;
  }
  const restAt = Math.max(done, end);
  return { shown: shown + text.slice(done, restAt), rest: text.slice(restAt) };
}

/** Where the longest end of `text` begins that may be the beginning of a value. */
function openEnd(text: string, forms: readonly string[], firsts: ReadonlySet<string>): number {
  const from = Math.max(0, text.length - (forms[0]?.length ?? 0) + 1);
  for (let at = from; at < text.length; at++) {
    if (!firsts.has(text.charAt(at))) continue;
    const end = text.slice(at);
    if (forms.some((form) => form.length > end.length && form.startsWith(end))) return at;
  }
  return text.length;
}
