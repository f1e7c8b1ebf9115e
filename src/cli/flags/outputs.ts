import type { OutputSpec } from '../../build/options.ts';
import { UsageError } from '../../core/errors.ts';
import { parseOutput } from './output.ts';

interface OutputFlags {
  readonly output: readonly string[];
  readonly push?: boolean;
  readonly load?: boolean;
  readonly quiet?: boolean;
}

/**
 * Where the result of a build goes: `--output`, `--push` and `--load` together. Without any of them the image goes
 * into the local store, as it does with `--load`.
 * @throws UsageError `bad-output`, `conflicting-flags`
 */
export function readOutputs(flags: OutputFlags, isStdoutTerminal: boolean): OutputSpec[] {
  const outputs = flags.output.map(parseOutput);
  if (flags.push === true) outputs.push({ type: 'registry', attributes: {} });
  if (flags.load === true || outputs.length === 0) outputs.push({ type: 'store', attributes: {} });
  const places = outputs.flatMap(({ dest }) => dest ?? []);
  const twice = places.find((place, index) => places.indexOf(place) !== index);
  if (twice !== undefined) {
    const place = twice === '-' ? 'standard output' : `"${twice}"`;
    throw new UsageError('bad-output', `--output: two outputs go to ${place}`, {
      hint: 'give each a dest of its own',
    });
  }
  if (places.includes('-') && flags.quiet === true) {
    throw new UsageError('conflicting-flags', '--quiet prints the image id where --output puts an archive', {
      hint: 'use --progress quiet, and --iidfile for the id',
    });
  }
  if (places.includes('-') && isStdoutTerminal) {
    throw new UsageError('bad-output', '--output: refusing to write an archive to the terminal', {
      hint: 'name a file with dest=FILE, or redirect standard output',
    });
  }
  return outputs;
}
