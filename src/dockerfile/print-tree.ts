import type { SourceText, Span } from '../core/source/span.ts';
import type { Dockerfile, Instruction, Word } from './instruction.ts';

/**
 * A Dockerfile as a tree of its words, each with its place (`line:column-column`, both inclusive): for tests
 * and for people who wonder how a line was read.
 */
export function printTree(dockerfile: Dockerfile): string {
  const { source, directives, globalArgs, stages } = dockerfile;
  const out: string[] = [`escape ${directives.escape}`];
  for (const name of ['syntax', 'check'] as const) {
    const word = directives[name];
    if (word !== undefined) out.push(`${name} ${printWord(word, source)}`);
  }
  for (const arg of globalArgs) out.push(...printInstruction(arg, source));
  for (const { index, name, from, body } of stages) {
    out.push('', `stage ${index}${name === undefined ? '' : ` ${name}`}`);
    for (const instruction of [from, ...body]) out.push(...printInstruction(instruction, source));
  }
  return `${out.join('\n')}\n`;
}

/** What every instruction has and its first lines show. */
const headMembers = new Set(['kind', 'span', 'keyword', 'flags', 'comments', 'text', 'emptyContinuation']);

function printInstruction(instruction: Instruction, source: SourceText): string[] {
  const { keyword, span, flags, comments, emptyContinuation } = instruction;
  const out = [`${keyword.raw} ${printSpan(span, source)}`];
  if (emptyContinuation !== undefined) out.push('  has an empty continuation line');
  for (const comment of comments) out.push(`  # ${comment}`);
  for (const { name, value, span } of flags) {
    const shown = value === undefined ? '' : ` ${JSON.stringify(value)}`;
    out.push(`  --${name}${shown} ${printSpan(span, source)}`);
  }
  for (const [member, value] of Object.entries(instruction))
    if (!headMembers.has(member)) out.push(...printMember(member, value, source).map((line) => `  ${line}`));
  return out;
}

function printMember(member: string, value: unknown, source: SourceText): string[] {
  if (Array.isArray(value)) {
    const isPlain = value.every((element) => typeof element === 'string');
    return isPlain && member !== 'heredocs'
      ? value.length === 0
        ? []
        : [`${member} ${JSON.stringify(value)}`]
      : value.flatMap((element) => printMember(member, element, source));
  }
  if (isWord(value)) return [`${member} ${printWord(value, source)}`];
  if (isSpan(value)) return [`${member} ${printSpan(value, source)}`];
  if (typeof value === 'object' && value !== null) {
    const inner = Object.entries(value).flatMap(([name, part]) => printMember(name, part, source));
    return [member, ...inner.map((line) => `  ${line}`)];
  }
  return [`${member} ${JSON.stringify(value)}`];
}

function printWord(word: Word, source: SourceText): string {
  return `${JSON.stringify(word.raw)} ${printSpan(word.span, source)}`;
}

function printSpan(span: Span, source: SourceText): string {
  const start = source.position(span.start);
  const end = source.position(Math.max(span.start, span.end - 1));
  const from = `${start.line}:${start.column}`;
  if (start.line !== end.line) return `${from}-${end.line}:${end.column}`;
  return start.column === end.column ? from : `${from}-${end.column}`;
}

function isSpan(value: unknown): value is Span {
  return typeof value === 'object' && value !== null && 'start' in value && 'end' in value;
}

function isWord(value: unknown): value is Word {
  return typeof value === 'object' && value !== null && 'raw' in value && 'span' in value;
}
