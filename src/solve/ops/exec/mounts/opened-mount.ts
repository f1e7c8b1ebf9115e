import type { StepMount } from '../../../../sandbox/step.ts';

/** A mount that was opened: what the step sees of it. */
export interface OpenedMount {
  readonly mount?: StepMount;
  readonly env?: readonly [name: string, value: string];
  release?(): void | Promise<void>;
}
