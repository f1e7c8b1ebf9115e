import { UsageError } from '../../core/errors.ts';
import { suggest } from '../../core/suggest.ts';
import { encodeData } from '../print/print-data.ts';

/** The part of Go's templates that `--format` has: text, `{{.Field}}` and `{{json .Field}}` or `{{json .}}`. */
export type Template = (row: Readonly<Record<string, string>>) => string;

/**
 * Reads a template; `\t` and `\n` written out mean a tab and a line end, as in Docker's commands.
 * @throws UsageError `bad-flag-value`
 */
export function parseTemplate(text: string, fields: readonly string[]): Template {
  const parts = text
    .replaceAll('\\t', '\t')
    .replaceAll('\\n', '\n')
    .split(/(\{\{.*?\}\})/s);
  const prints = parts.map((part): Template => {
    const action = /^\{\{-?\s*(.*?)\s*-?\}\}$/s.exec(part)?.[1];
    return action === undefined ? () => part : parseAction(action, fields);
  });
  return (row) => prints.map((print) => print(row)).join('');
}

function parseAction(action: string, fields: readonly string[]): Template {
  if (action === 'json .') return (row) => encodeData(row);
  const [, json, field] = /^(json )?\.([A-Za-z]+)$/.exec(action) ?? [];
  if (field === undefined) {
    throw new UsageError('bad-flag-value', `--format: {{${action}}} is not understood`, {
      hint: 'want {{.Field}} or {{json .}}',
    });
  }
  if (!fields.includes(field)) {
    const near = suggest(field, fields);
    throw new UsageError('bad-flag-value', `--format: there is no field "${field}"`, {
      hint: near === undefined ? `the fields are ${fields.join(', ')}` : `did you mean {{.${near}}}?`,
    });
  }
  return (row) => (json === undefined ? (row[field] ?? '') : encodeData(row[field]));
}
