import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const projectDir = fileURLToPath(new URL('../..', import.meta.url));

export interface Import {
  /** The importing file, relative to the project: `src/plan/plan.ts`. */
  readonly from: string;
  readonly line: number;
  /** A file relative to the project, or a package or Node module as written. */
  readonly to: string;
  readonly isPackage: boolean;
}

/**
 * The module names a source file imports, with their lines: `import`, `export … from`, `import()`,
 * `import type` and `typeof import()` alike. Comments and template text do not count.
 */
export function importedNames(source: string): { name: string; line: number }[] {
  const blank = (text: string): string => text.replace(/[^\n]/g, ' ');
  const code = source.replace(/\/\*[\s\S]*?\*\//g, blank).replace(/^\s*\/\/.*$/gm, blank);
  const clause = /(?<![\w.$])(?:from|import)\s*\(?\s*['"]([@\w.][^'"\s]*)['"]/g;
  return [...code.matchAll(clause)].map((match) => ({
    name: match[1] ?? '',
    line: code.slice(0, match.index + match[0].length).split('\n').length,
  }));
}

/** Every TypeScript file below a folder of the project, relative to the project, sorted. */
export function sourceFiles(folder: string): string[] {
  return readdirSync(join(projectDir, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(projectDir, join(entry.parentPath, entry.name)))
    .sort();
}

/** Every import of every file below a folder. */
export function importsBelow(folder: string): Import[] {
  return sourceFiles(folder).flatMap((from) =>
    importedNames(readFileSync(join(projectDir, from), 'utf8')).map(({ name, line }) => {
      const isPackage = !name.startsWith('.');
      return { from, line, to: isPackage ? name : join(dirname(from), name), isPackage };
    }),
  );
}

/** The folder of `src` a file lies in; `src/index.ts` lies in none. */
export function folderOf(file: string): string | undefined {
  const parts = file.split('/');
  return parts[0] === 'src' && parts.length > 2 ? parts[1] : undefined;
}

/** The files on the way from one file to another by imports, both included; undefined when there is no way. */
export function importChain(imports: readonly Import[], start: string, goal: string): string[] | undefined {
  const importerOf = new Map<string, string | undefined>([[start, undefined]]);
  for (const file of importerOf.keys()) {
    for (const next of imports) {
      if (next.from === file && !next.isPackage && !importerOf.has(next.to)) importerOf.set(next.to, file);
    }
  }
  if (!importerOf.has(goal)) return undefined;
  const chain: string[] = [];
  for (let file: string | undefined = goal; file; file = importerOf.get(file)) chain.unshift(file);
  return chain;
}
