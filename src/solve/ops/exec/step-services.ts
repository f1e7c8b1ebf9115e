import type { ExecOp, PlannedMount, Vertex } from '../../../plan/vertex.ts';
import type { OpContext } from '../../op-runner.ts';
import type { ChosenFiles } from '../files/chosen-files.ts';
import type { OriginServices } from '../files/origin.ts';
import type { ExecSettings } from './settings.ts';

/** One RUN, and what running it takes. */
export interface StepServices {
  readonly vertex: Vertex<ExecOp>;
  readonly origins: OriginServices;
  readonly settings: ExecSettings;
  readonly context: OpContext;
  /** The files that a mount with an origin shows. */
  chosen(mount: PlannedMount): ChosenFiles;
  /** Told what only those care for who look for the reason of something. */
  onDetail(text: string): void;
}
