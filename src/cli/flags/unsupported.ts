import type { BuildOptions, OutputSpec } from '../../build/options.ts';
import { UsageError } from '../../core/errors.ts';
import type { BuildFlags } from './build-options.ts';

/**
 * What the command line can say and a build does not honour yet: refused, never ignored. A row goes when the
 * build learns it.
 */
const unsupported: readonly {
  readonly what: string;
  isGiven(flags: BuildFlags, options: BuildOptions): boolean;
}[] = [{ what: '--output rewrite-timestamp=true', isGiven: anyAttribute('rewrite-timestamp', 'true') }];

/** @throws UsageError `unsupported-flag` */
export function refuseUnsupported(flags: BuildFlags, options: BuildOptions): void {
  const given = unsupported.find((row) => row.isGiven(flags, options));
  if (given === undefined) return;
  throw new UsageError('unsupported-flag', `${given.what} is not supported yet`, {
    hint: 'strata refuses what it cannot do instead of leaving it out',
  });
}

function anyOutput(matches: (output: OutputSpec) => boolean) {
  return (_flags: BuildFlags, { outputs }: BuildOptions) => outputs.some(matches);
}

function anyAttribute(name: string, value: string) {
  return anyOutput(({ attributes }) => attributes[name] === value);
}
