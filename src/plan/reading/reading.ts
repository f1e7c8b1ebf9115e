import type { Linter } from '../../dockerfile/lint/linter.ts';
import type { Findings } from '../findings.ts';
import type { Taken } from '../outline/taken.ts';
import type { PlanRequest } from '../plan.ts';
import type { GlobalScope } from '../scope/global-scope.ts';
import type { Reach } from '../stages/reach.ts';
import type { StageGraph } from '../stages/stage-graph.ts';
import type { Vertex, VertexID } from '../vertex.ts';
import type { StageState } from './stage-state.ts';

/** One plan being made: what is settled, and what has been read so far. */
export interface Reading {
  readonly request: PlanRequest;
  readonly globals: GlobalScope;
  readonly graph: StageGraph;
  readonly reach: Reach;
  readonly findings: Findings;
  readonly linter: Linter;
  readonly vertices: Map<VertexID, Vertex>;
  /** By index of the stage, as it stands at its end. */
  readonly states: Map<number, StageState>;
  readonly usedBuildArgs: Set<string>;
  readonly taken: Taken;
}
