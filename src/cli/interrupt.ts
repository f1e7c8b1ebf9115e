import { constants } from 'node:os';

/** As much of a process as signals take. */
interface SignalSource {
  on(event: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  off(event: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  exit(code: number): never;
}

const exitCode = 128 + constants.signals.SIGINT;

/**
 * The first SIGINT or SIGTERM asks the work to stop, the second ends the process at once: whatever it
 * mounted or started dies with it, and what it left in its workspace is swept by the next build.
 */
export function abortOnSignals(
  source: SignalSource,
  onFirst: () => void,
): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const listener = () => {
    if (controller.signal.aborted) source.exit(exitCode);
    controller.abort();
    onFirst();
  };
  source.on('SIGINT', listener);
  source.on('SIGTERM', listener);
  return {
    signal: controller.signal,
    release() {
      source.off('SIGINT', listener);
      source.off('SIGTERM', listener);
    },
  };
}
