import type { CliIO } from './io.ts';

/** Whether what goes to standard error may have colours (https://no-color.org). */
export function usesColors(io: CliIO): boolean {
  return isTerminal(io.stderr) && !forbidsColors(io.env);
}

/** Whether the environment wants no colours: `NO_COLOR` is not empty, or the terminal is dumb. */
export function forbidsColors(environment: CliIO['env']): boolean {
  return (environment.NO_COLOR ?? '') !== '' || environment.TERM === 'dumb';
}

/** Whether a person sits at the other end. */
export function isTerminal(stream: object): boolean {
  return 'isTTY' in stream && stream.isTTY === true;
}

/** How wide the terminal at standard error is; undefined where there is none. */
export function columnsOf({ stderr }: CliIO): number | undefined {
  const columns = 'columns' in stderr ? Number(stderr.columns) : 0;
  return columns > 0 ? columns : undefined;
}
