import { createRequire } from 'node:module';
import type { Span } from '../../core/source/span.ts';
import type { Dockerfile, Word } from '../instruction.ts';

const load = createRequire(import.meta.url);

/**
 * Where `$name` stands in a word, for the caret of a warning; the whole word when it is not found. Expansion
 * says which names it used; where they stand is what dockerfile-ast knows well. It is loaded here, on the
 * way to a warning, since it takes longer to load than most files take to parse.
 */
export function variablePlace({ source, directives }: Dockerfile, word: Word, name: string): Span {
  const written = source.text.slice(word.span.start, word.span.end);
  // As the argument of a USER: variables stand at the same places in every instruction.
  const head = `# escape=${directives.escape}\nFROM scratch\nUSER `;
  const at = findVariable(head + written, name);
  if (at === undefined || at < head.length) return word.span;
  const start = word.span.start + at - head.length;
  return source.text.startsWith(name, start) ? { start, end: start + name.length } : word.span;
}

function findVariable(text: string, name: string): number | undefined {
  try {
    const { DockerfileParser }: typeof import('dockerfile-ast') = load('dockerfile-ast');
    const variables = DockerfileParser.parse(text)
      .getInstructions()
      .flatMap((instruction) => instruction.getVariables());
    const start = variables.find((variable) => variable.getName() === name)?.getNameRange().start;
    if (start === undefined) return undefined;
    const linesBefore = text.split('\n').slice(0, start.line);
    return linesBefore.reduce((sum, line) => sum + line.length + 1, start.character);
  } catch {
    // It is not made for hostile text, and overflows the stack on some; a caret under the word will do then.
    return undefined;
  }
}
