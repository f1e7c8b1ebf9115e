import type { Span } from '../../core/source/span.ts';

/** One CSV record, as the values of --mount and --device are (spec 3.5). */
export type CsvRecord =
  | {
      readonly ok: true;
      readonly fields: readonly string[];
      /** Where each field stands in the text, with its quotes. */
      readonly spans: readonly Span[];
    }
  | { readonly ok: false; readonly message: string };

/** Reads a record. A field in double quotes may hold commas; a quote inside it is doubled. */
export function parseCsvRecord(text: string): CsvRecord {
  const fields: string[] = [];
  const spans: Span[] = [];
  let rest = text;
  for (;;) {
    const start = text.length - rest.length;
    if (rest.startsWith('"')) {
      const [quoted] = /^"[^"]*(?:""[^"]*)*"/.exec(rest) ?? [];
      if (quoted === undefined) return { ok: false, message: 'a quoted field is not closed' };
      fields.push(quoted.slice(1, -1).replaceAll('""', '"'));
      rest = rest.slice(quoted.length);
      if (rest !== '' && !rest.startsWith(','))
        return { ok: false, message: `extra text after a quoted field: ${rest}` };
    } else {
      const comma = rest.indexOf(',');
      const field = comma < 0 ? rest : rest.slice(0, comma);
      if (field.includes('"')) return { ok: false, message: `bare " in the field ${field}` };
      fields.push(field);
      rest = rest.slice(field.length);
    }
    spans.push({ start, end: text.length - rest.length });
    if (rest === '') return { ok: true, fields, spans };
    rest = rest.slice(1);
  }
}
