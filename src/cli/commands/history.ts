import { digestHex } from '../../core/digest.ts';
import { type HistoryLine, readHistory } from '../../inspect/image-history.ts';
import { fitColumns } from '../../progress/text/fit-columns.ts';
import { dockerAge, dockerSize } from '../inspect/docker-words.ts';
import { parseTemplate } from '../inspect/go-template.ts';
import { addImageFlags, type ImageFlags, imageArgument, withImages } from '../inspect/image-access.ts';
import { type Look, lookOf, oneLine, tableLines } from '../inspect/look.ts';
import { findingLines } from '../inspect/print-findings.ts';
import { encodeData } from '../print/print-data.ts';
import type { DefineCommand } from './command.ts';

interface HistoryFlags extends ImageFlags {
  /** Commander's name for `--no-trunc`. */
  readonly trunc: boolean;
  readonly human: boolean;
  readonly quiet?: boolean;
  readonly format: string;
  readonly json?: boolean;
}

const titles: Readonly<Record<string, string>> = {
  ID: 'IMAGE',
  CreatedSince: 'CREATED',
  CreatedAt: 'CREATED AT',
  CreatedBy: 'CREATED BY',
  Size: 'SIZE',
  Comment: 'COMMENT',
};
const fields = Object.keys(titles);
const dockerTable = 'table {{.ID}}\\t{{.CreatedSince}}\\t{{.CreatedBy}}\\t{{.Size}}\\t{{.Comment}}';
const createdByLength = 45;
/** Less of what made a layer says nothing. */
const leastCreatedBy = 12;
/**
 * Docker's table, then those for less room, and how much of what made a layer each tells at least. Builders write
 * the same comment on every line, and all ids but one are missing.
 */
const tables: readonly (readonly [template: string, leastCreatedBy: number])[] = [
  [dockerTable, 30],
  ['table {{.ID}}\\t{{.CreatedSince}}\\t{{.CreatedBy}}\\t{{.Size}}', leastCreatedBy],
  ['table {{.CreatedSince}}\\t{{.CreatedBy}}\\t{{.Size}}', leastCreatedBy],
];
const narrowestTable = 'table {{.CreatedBy}}\\t{{.Size}}';

/** `strata history`: what made the layers of an image, with the columns and templates of `docker history`. */
export const defineHistory: DefineCommand = (command, context) => {
  addImageFlags(command)
    .usage('[OPTIONS] IMAGE')
    .argument('<IMAGE>', imageArgument)
    .option('--no-trunc', 'cut nothing')
    .option('-H, --human', 'sizes in units, dates as ages: the default', true)
    .option('--no-human', 'sizes in bytes, dates as they are')
    .option('-q, --quiet', 'print only the ids')
    .option('--format <format>', 'table, json, or a template such as "{{.ID}}: {{.CreatedBy}}"', 'table')
    .option('--json', 'short for --format json: one object a line')
    .addHelpText('after', '\nExample:\n  strata history --no-trunc app')
    .action(async (spec: string, flags: HistoryFlags) => {
      const look = lookOf(context.io);
      const isFitted = flags.trunc && flags.format === 'table' && flags.json !== true && flags.quiet !== true;
      const print = isFitted ? fittedTable(look) : printerFor(flags);
      await withImages([spec], flags, context, async ([image]) => {
        if (image === undefined) return;
        const { lines, findings } = await readHistory(image);
        const { stdout, stderr } = context.io;
        const rows = lines.map((line) => rowOf(line, flags, Date.now()));
        stdout.write(
          print(rows)
            .map((line) => `${line}\n`)
            .join(''),
        );
        if (findings.length === 0) return;
        stderr.write(`${findingLines(findings, look).join('\n')}\n`);
        context.exitCode = 1;
      });
    });
};

type Row = Readonly<Record<string, string>>;

/** @throws UsageError `bad-flag-value` */
function printerFor({
  format,
  json,
  quiet,
}: Pick<HistoryFlags, 'format' | 'json' | 'quiet'>): (rows: readonly Row[]) => string[] {
  if (quiet === true) return (rows) => rows.map((row) => row.ID ?? '');
  if (json === true || format === 'json') return (rows) => rows.map((row) => encodeData(row));
  const template = format === 'table' ? dockerTable : format;
  const columns = /^table (.*)$/s.exec(template)?.[1];
  const line = parseTemplate(columns ?? template, fields);
  if (columns === undefined) return (rows) => rows.map(line);
  const cells = (row: Row) => line(row).split('\t');
  const look = { width: undefined, usesColors: false };
  return (rows) =>
    tableLines(
      look,
      cells(titles).map((title) => ({ title })),
      rows.map(cells),
    );
}

/** Docker's table in the width there is: what made a layer is cut, and other columns go where that cuts too much. */
function fittedTable({ width }: Look): (rows: readonly Row[]) => string[] {
  const print = (template: string, rows: readonly Row[]) => printerFor({ format: template })(rows);
  return (rows) => {
    const whole = print(dockerTable, rows);
    if (width === undefined || widest(whole) <= width) return whole;
    const longest = Math.max(titles.CreatedBy?.length ?? 0, ...rows.map((row) => row.CreatedBy?.length ?? 0));
    const roomIn = (template: string) => width - (widest(print(template, rows)) - longest);
    const [template] = tables.find(([each, least]) => roomIn(each) >= least) ?? [narrowestTable];
    const room = Math.max(leastCreatedBy, roomIn(template));
    const fitted = rows.map((row) => ({
      ...row,
      CreatedBy: fitColumns(row.CreatedBy ?? '', room).trimEnd(),
    }));
    return print(template, fitted);
  };
}

function widest(lines: readonly string[]): number {
  return Math.max(...lines.map((line) => line.length));
}

function rowOf(
  line: HistoryLine,
  { trunc, human }: HistoryFlags,
  now: number,
): Readonly<Record<string, string>> {
  const { id, created, createdBy, comment, size } = line;
  const command = oneLine(createdBy);
  const isCut = trunc && command.length > createdByLength;
  const at = created === null ? 'N/A' : oneLine(created);
  const age = now - Date.parse(at);
  return {
    Comment: oneLine(comment),
    CreatedAt: at,
    CreatedBy: isCut ? `${command.slice(0, createdByLength - 1)}…` : command,
    CreatedSince: human && !Number.isNaN(age) ? dockerAge(age) : at,
    ID: id === null ? '<missing>' : trunc ? digestHex(id).slice(0, 12) : id,
    Size: !human ? String(size) : dockerSize(size),
  };
}
