import { type BytePath, cleanBeneath } from '../../core/byte-path.ts';

/**
 * Where the name of an archive's member lies below the directory it is unpacked into: clean, '' for the
 * directory itself. Absolute names are meant below it, too; undefined if `..` leads out of it.
 */
export function memberPathBeneath(name: BytePath): BytePath | undefined {
  if (!name.startsWith('/')) {
    let depth = 0;
    for (const part of name.split('/')) {
      if (part === '' || part === '.') continue;
      depth += part === '..' ? -1 : 1;
      if (depth < 0) return undefined;
    }
  }
  return cleanBeneath(name);
}
