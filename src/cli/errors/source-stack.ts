import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { dirname, join, relative } from 'node:path';

/** `at solve (/opt/strata/dist/program-X.cjs:12:3456)`: file, line and column. */
const place = /(\/[^\s():]+\.cjs):(\d+):(\d+)/g;

/**
 * A stack with places in the bundle said as places in the sources, where the bundle has its map beside it.
 * Only who reports a bug pays for reading the map.
 */
export function sourceStack(stack: string): string {
  const maps = new Map<string, SourceMap | undefined>();
  return stack.replace(place, (given, file: string, line: string, column: string) => {
    if (!maps.has(file)) maps.set(file, readMap(`${file}.map`));
    const found = maps.get(file)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (found === undefined || !('originalSource' in found)) return given;
    const { originalSource, originalLine, originalColumn } = found;
    const source = join(dirname(file), originalSource);
    return `${relative(dirname(dirname(file)), source)}:${originalLine + 1}:${originalColumn + 1}`;
  });
}

function readMap(path: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(path, 'utf8')) as SourceMapPayload);
  } catch {
    return undefined;
  }
}
