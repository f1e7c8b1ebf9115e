import { AsyncLocalStorage } from 'node:async_hooks';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { HostError } from '../../core/errors.ts';
import { startTrace } from '../../core/trace.ts';
import { chromeTrace } from '../../progress/trace/chrome-trace.ts';
import { printPhaseTimes } from '../../progress/trace/phase-times.ts';
import type { CommandContext } from '../commands/command.ts';

export interface OpenTrace {
  /** Writes the file, and under `--debug` a table to the standard error. */
  close(): void;
}

/**
 * Watches where the time of a build goes, since the start of the process.
 * @param path of the file that `--trace` asks for; opened at once, not when a long build is over
 * @param prints whether a table is printed in the end
 * @throws HostError `cannot-write-trace`
 */
export function openTrace(
  path: string | undefined,
  prints: boolean,
  io: Pick<CommandContext['io'], 'stderr'>,
): OpenTrace {
  const file = path === undefined ? undefined : openFile(path);
  // Zero is when this process began.
  const trace = startTrace(() => performance.now(), new AsyncLocalStorage());
  trace.add({ name: 'start', track: 'build', startMs: 0, endMs: performance.now() });
  return {
    close() {
      trace.stop();
      if (file !== undefined) {
        writeFileSync(file, chromeTrace(trace.phases));
        closeSync(file);
      }
      if (prints) io.stderr.write(printPhaseTimes(trace.phases));
    },
  };
}

function openFile(path: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new HostError('cannot-write-trace', `cannot write the trace: ${why}`, {
      cause: error,
      hint: 'name another file with --trace',
    });
  }
}
