/** The .dockerignore file (Dockerfile reference, 5.1-5.3). */
import type { BytePath } from '../../core/byte-path.ts';
import { DockerfileError } from '../../core/errors.ts';
import type { Diagnostic } from '../../core/source/diagnostic.ts';
import { SourceText } from '../../core/source/span.ts';
import { type PathPattern, parsePattern } from './pattern.ts';
import { patternList } from './pattern-list.ts';
import { PatternSyntaxError } from './wildcard.ts';

export interface IgnoreRules {
  /** The file the rules were read from, for messages. */
  readonly name: string;
  /** As written, in order. */
  readonly patterns: readonly string[];
  ignores(path: BytePath): boolean;
  /** False only if everything below the directory is ignored: then a walk need not enter it. */
  mayContainKept(directory: BytePath): boolean;
  /** The rule that ignores the path; undefined if it is kept. */
  explain(path: BytePath): IgnoreRule | undefined;
}

interface IgnoreRule {
  readonly file: string;
  readonly line: number;
  /** As written, trimmed. */
  readonly pattern: string;
}

/**
 * Reads an ignore file.
 * @param name what messages call the file
 * @throws DockerfileError with one diagnostic (`bad-ignore-pattern`) for each bad line
 */
export function compileIgnore(text: string, name = '.dockerignore'): IgnoreRules {
  const source = new SourceText(name, text);
  const patterns: PathPattern[] = [];
  const rules: IgnoreRule[] = [];
  const problems: Diagnostic[] = [];
  let start = 0;
  for (const [index, line] of text.split('\n').entries()) {
    const written = index === 0 ? line.replace(/^\ufeff/, '') : line;
    const pattern = written.startsWith('#') ? '' : written.trim();
    if (pattern !== '') {
      try {
        patterns.push(parsePattern(pattern, 'ours'));
        rules.push({ file: name, line: index + 1, pattern });
      } catch (error) {
        if (!(error instanceof PatternSyntaxError)) throw error;
        const from = start + line.indexOf(pattern);
        problems.push({
          code: 'bad-ignore-pattern',
          severity: 'error',
          message: error.message,
          source,
          span: { start: from, end: from + pattern.length },
          help: 'a class needs its closing bracket, a backslash something to escape, an exception a pattern',
        });
      }
    }
    start += line.length + 1;
  }
  if (problems.length > 0) throw new DockerfileError(problems);

  const list = patternList(patterns);
  return {
    name,
    patterns: rules.map((rule) => rule.pattern),
    ignores: list.matches,
    mayContainKept: (directory) => !list.matches(directory) || list.mayDifferBelow(directory),
    explain(path) {
      const at = list.decidedBy(path);
      return at === undefined || patterns[at]?.isException !== false ? undefined : rules[at];
    },
  };
}
