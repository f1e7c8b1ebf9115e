/** Parser directives (spec 1.4): `# name = value` at the very top of the file. */
import type { Span } from '../../core/source/span.ts';
import type { Directives, Word } from '../instruction.ts';
import { badEscapeDirective, duplicateDirective } from '../problems/file.ts';
import type { Report } from '../report.ts';
import type { EscapeChar } from '../words/lex-state.ts';
import { physicalLineAt } from './physical-lines.ts';
import { skipSpaces, trimEnd } from './whitespace.ts';

interface Directive {
  readonly name: string;
  readonly nameSpan: Span;
  readonly value: Word;
  /** Start of the line below. */
  readonly next: number;
}

/**
 * The directives, and where the section ends: their lines are no comments of an instruction.
 * @returns no directives when the escape character is not known
 */
export function readDirectives(
  text: string,
  report: Report,
): { readonly directives: Directives | undefined; readonly end: number } {
  // The parser proper takes indented directives, but a `#!` line closes the section for it. Those who look
  // for `syntax` and `check` skip a `#!` line and insist on column 0.
  const section = scanDirectives(text, 0, '#', 'indented');
  const outer = scanDirectives(
    text,
    text.startsWith('#!') ? physicalLineAt(text, 0).next : 0,
    '#',
    'column-0',
  );
  const seen = new Set<string>();
  let escapeChar: EscapeChar | undefined = '\\';
  for (const { name, nameSpan, value } of section) {
    if (seen.has(name)) report.error(duplicateDirective(name), nameSpan);
    else if (name === 'escape') {
      escapeChar = value.raw === '\\' || value.raw === '`' ? value.raw : undefined;
      if (escapeChar === undefined) report.error(badEscapeDirective(value.raw), value.span);
    }
    seen.add(name);
  }
  const syntax = firstWord(outer, 'syntax');
  const check = firstWord(outer, 'check');
  return {
    directives: escapeChar && { escape: escapeChar, ...(syntax && { syntax }), ...(check && { check }) },
    end: section.at(-1)?.next ?? 0,
  };
}

function firstWord(directives: readonly Directive[], name: string): Word | undefined {
  const value = directives.find((directive) => directive.name === name)?.value;
  if (value === undefined) return undefined;
  const raw = value.raw.split(' ', 1)[0] ?? '';
  return { raw, span: { start: value.span.start, end: value.span.start + raw.length } };
}

const assignment = /^([A-Za-z][A-Za-z0-9]*)[\t\f\r ]*=/;
const knownNames = new Set(['syntax', 'escape', 'check']);

function scanDirectives(
  text: string,
  from: number,
  marker: '#' | '//',
  place: 'indented' | 'column-0',
): Directive[] {
  const found: Directive[] = [];
  for (let offset = from; offset < text.length; ) {
    const line = physicalLineAt(text, offset);
    const start = place === 'indented' ? skipSpaces(text, line.start, line.end) : line.start;
    if (!text.startsWith(marker, start)) break;
    const nameStart = skipSpaces(text, start + marker.length, line.end);
    const [head = '', written = ''] = assignment.exec(text.slice(nameStart, line.end)) ?? [];
    const name = written.toLowerCase();
    const valueStart = skipSpaces(text, nameStart + head.length, line.end);
    const valueEnd = trimEnd(text, valueStart, line.end);
    if (!knownNames.has(name) || valueStart === valueEnd) break;
    found.push({
      name,
      nameSpan: { start: nameStart, end: nameStart + name.length },
      value: { raw: text.slice(valueStart, valueEnd), span: { start: valueStart, end: valueEnd } },
      next: line.next,
    });
    offset = line.next;
  }
  return found;
}

/**
 * Files for other frontends name theirs behind `//` or as a member of one JSON object. Such a file is never a
 * Dockerfile; knowing what it asks for makes one good error out of twenty odd ones.
 */
export function foreignSyntax(text: string): Word | undefined {
  const start = text.startsWith('#!') ? physicalLineAt(text, 0).next : 0;
  const commented = firstWord(scanDirectives(text, start, '//', 'column-0'), 'syntax');
  if (commented !== undefined) return commented;
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    const object: unknown = JSON.parse(text);
    if (typeof object !== 'object' || object === null || !('syntax' in object)) return undefined;
    const raw = object.syntax;
    return typeof raw === 'string' ? { raw, span: { start: 0, end: text.length } } : undefined;
  } catch {
    return undefined;
  }
}
