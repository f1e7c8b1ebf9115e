import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Builder, baseName, type Surroundings } from './builder.ts';
import { outputOf } from './processes.ts';

/** @param compression of the layers: `gzip`, or `uncompressed` for a comparison with what compresses nothing */
export function strata(
  { project, dir, base }: Surroundings,
  name: string,
  compression: 'gzip' | 'uncompressed',
): Builder {
  const root = join(dir, name);
  const program = join(project, 'bin/strata');
  const flags = ['build', '--root', root];
  const output = `type=oci,compression=${compression},dest=`;
  return {
    name,
    version: outputOf(program, ['--version']).trim(),
    daemons: [],
    reset() {
      rmSync(root, { recursive: true, force: true });
      outputOf(program, [...flags, '-t', baseName, base.context]);
    },
    commands: (context, dest) => [
      { program, args: [...flags, '--progress', 'plain', '--output', `${output}${dest}`, context] },
    ],
    close: () => rmSync(root, { recursive: true, force: true }),
  };
}
