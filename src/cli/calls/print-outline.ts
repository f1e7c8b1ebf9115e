import type { SourceText, Span } from '../../core/source/span.ts';
import type { Outline, OutlineMount } from '../../plan/outline/outline-build.ts';
import { cleanText } from '../print/clean-text.ts';
import { printJSON, printTable } from '../print/print-data.ts';
import { locationOf } from './location.ts';

/** buildx's tables, with one more for cache mounts; a table without rows is left out. */
export function printOutline({ name, description, args, secrets, ssh, caches }: Outline): string {
  const title = [
    ...(name === undefined ? [] : [['TARGET:', name]]),
    ...(description === undefined ? [] : [['DESCRIPTION:', description]]),
  ];
  const isRequired = (mount: OutlineMount) => [mount.id, mount.isRequired ? 'true' : ''];
  const tables = [
    title,
    [
      ['BUILD ARG', 'VALUE', 'DESCRIPTION'],
      ...args.map((arg) => [arg.name, arg.value ?? '', arg.description ?? '']),
    ],
    [['SECRET', 'REQUIRED'], ...secrets.map(isRequired)],
    [['SSH', 'REQUIRED'], ...ssh.map(isRequired)],
    [['CACHE', 'TARGET', 'SHARING'], ...caches.map(({ id, target, sharing }) => [id, target, sharing])],
  ];
  const shown = tables.flatMap((table) => {
    const [head, ...rows] = table;
    return head === undefined || (table !== title && rows.length === 0) ? [] : [printTable(head, rows)];
  });
  return cleanText(shown.join('\n'), false);
}

/** The members of buildx's JSON, places with columns (docs/CHECKS.md). */
export function printOutlineJSON(outline: Outline, source: SourceText): string {
  const { name, description, args, secrets, ssh, caches } = outline;
  const at = (span: Span) => locationOf(source, span);
  const mount = ({ id, isRequired, span }: OutlineMount) => ({
    name: id,
    required: isRequired,
    location: at(span),
  });
  return printJSON({
    name,
    description,
    args: args.map(({ span, ...arg }) => ({ ...arg, location: at(span) })),
    secrets: secrets.map(mount),
    ssh: ssh.map(mount),
    cache: caches.map(({ id, target, sharing, span }) => ({ ID: id, target, sharing, location: at(span) })),
    sources: [{ filename: source.name }],
  });
}
