import { PassThrough } from 'node:stream';
import { main } from '../../src/cli/main.ts';
import { collector } from './collector.ts';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process, with nothing of its environment. */
export async function strata(
  args: readonly string[],
  { env = {}, stdin = '' }: { readonly env?: Record<string, string>; readonly stdin?: string | Buffer } = {},
): Promise<Outcome> {
  const stdout = collector();
  const stderr = collector();
  const code = await main(args, {
    stdin: new PassThrough().end(stdin),
    stdout: stdout.stream,
    stderr: stderr.stream,
    env,
  });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}
