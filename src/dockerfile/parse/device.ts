import { suggest } from '../../core/suggest.ts';
import { parseCsvRecord } from './csv.ts';
import { parseGoBoolean } from './values.ts';

/** A CDI device that a RUN asks for (spec 3.5, `--device`). */
interface RunDevice {
  readonly name: string;
  readonly required: boolean;
}

export type ParsedDevice =
  | { readonly ok: true; readonly device: RunDevice }
  | { readonly ok: false; readonly message: string; readonly help?: string };

/** Reads `name[,required[=bool]]`. */
export function parseDevice(value: string): ParsedDevice {
  const record = parseCsvRecord(value);
  if (!record.ok) return { ok: false, message: `--device is not a CSV record: ${record.message}` };
  let name = '';
  let required = false;
  for (const field of record.fields) {
    const equals = field.indexOf('=');
    const key = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
    const text = equals < 0 ? 'true' : field.slice(equals + 1);
    if (key === 'required') {
      const parsed = parseGoBoolean(text);
      if (parsed === undefined) return { ok: false, message: `invalid value for required: ${text}` };
      required = parsed;
    } else if (key === 'name' && equals >= 0) {
      if (name !== '') return { ok: false, message: `device name already set to ${name}` };
      name = text;
    } else if (name === '') name = field;
    else {
      const nearest = suggest(key, ['name', 'required']);
      return {
        ok: false,
        message: `unexpected key "${key}" in "${field}"`,
        ...(nearest === undefined ? {} : { help: `did you mean ${nearest}?` }),
      };
    }
  }
  return { ok: true, device: { name, required } };
}
