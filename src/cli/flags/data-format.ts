import type { Command } from 'commander';
import { UsageError } from '../../core/errors.ts';
import { suggest } from '../../core/suggest.ts';

const formats = ['table', 'json'] as const;
type DataFormat = (typeof formats)[number];

/** The flags of a command that prints data. */
export interface DataFlags {
  readonly format?: string;
  readonly json?: boolean;
}

/**
 * Adds `--format` and `--json` to a command that prints data.
 * @param page where docs describe the JSON
 */
export function addDataFlags(command: Command, page?: string): void {
  command
    .option('--format <format>', 'table or json (default: table)')
    .option('--json', `short for --format json${page === undefined ? '' : ` (${page})`}`);
}

/** Reads `--format`, or `--json` for short. @throws UsageError `bad-flag-value` */
export function dataFormat(flags: DataFlags): DataFormat {
  if (flags.json === true) return 'json';
  if (flags.format === undefined) return 'table';
  const { format } = flags;
  const found = formats.find((candidate) => candidate === format);
  if (found !== undefined) return found;
  const near = suggest(format, formats);
  throw new UsageError('bad-flag-value', `--format ${format}: unknown format`, {
    hint: near === undefined ? `the formats are ${formats.join(' and ')}` : `did you mean ${near}?`,
  });
}
