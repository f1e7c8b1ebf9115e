import type { BuildSummary } from './build-summary.ts';
import type { Diagnostic } from './source/diagnostic.ts';

/** What happens during a build, as renderers, tests and rawjson output all see it. Times are milliseconds since the epoch. */
export type ProgressEvent =
  | { readonly type: 'plan'; readonly steps: readonly StepInfo[] }
  | {
      readonly type: 'step';
      readonly id: string;
      readonly state: 'started' | 'cached' | 'done' | 'failed' | 'canceled';
      readonly at: number;
      /** Why it failed, in one line. */
      readonly message?: string;
    }
  | {
      readonly type: 'output';
      readonly id: string;
      readonly stream: 'stdout' | 'stderr';
      readonly chunk: Uint8Array;
      readonly at: number;
    }
  | {
      readonly type: 'transfer';
      readonly id: string;
      readonly name: string;
      readonly current: number;
      readonly total?: number;
      readonly at: number;
      readonly done?: boolean;
    }
  /** A person works at the terminal, in the sandbox of a failed step: nothing else may write there. */
  | {
      readonly type: 'shell';
      readonly id: string;
      readonly state: 'opened' | 'closed';
      readonly at: number;
    }
  | { readonly type: 'warning'; readonly diagnostic: Diagnostic }
  /** A detail is for who asked for details (`--debug`). */
  | { readonly type: 'note'; readonly text: string; readonly isDetail?: boolean; readonly at: number }
  /** The last one, of a build that was not stopped. */
  | { readonly type: 'summary'; readonly summary: BuildSummary; readonly at: number };

/** A line of the progress display: a step of the Dockerfile, or work of strata's own. */
export interface StepInfo {
  readonly id: string;
  /** As BuildKit labels steps: `[build 2/5] RUN make`, `[internal] load build context`. */
  readonly label: string;
}

/** Takes events in the order in which they happen. */
export type EmitEvent = (event: ProgressEvent) => void;
