import { digestHex } from '../../core/digest.ts';
import { type HistoryLine, readHistory } from '../../inspect/image-history.ts';
import { dockerAge, dockerSize } from '../inspect/docker-words.ts';
import { parseTemplate } from '../inspect/go-template.ts';
import { addImageFlags, type ImageFlags, imageArgument, withImages } from '../inspect/image-access.ts';
import { lookOf, oneLine, tableLines } from '../inspect/look.ts';
import { findingLines } from '../inspect/print-findings.ts';
import { encodeData } from '../print-data.ts';
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
      const print = printerFor(flags);
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
        stderr.write(`${findingLines(findings, lookOf(context.io)).join('\n')}\n`);
        context.exitCode = 1;
      });
    });
};

type Row = Readonly<Record<string, string>>;

/** @throws UsageError `bad-flag-value` */
function printerFor({ format, json, quiet }: HistoryFlags): (rows: readonly Row[]) => string[] {
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
