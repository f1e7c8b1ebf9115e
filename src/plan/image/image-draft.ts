import { normalizePlatform } from '../../core/platform.ts';
import type { PlanRequest } from '../plan.ts';
import type { StageState } from '../reading/stage-state.ts';
import { containerConfig } from './config-draft.ts';
import type { ImageDraft } from './draft.ts';

/** The image a stage makes, labels of the command line merged in last (spec 3.4, 7.1, 7.2). */
export function imageOfStage(
  state: StageState,
  request: PlanRequest,
  epochSeconds: number | undefined,
): ImageDraft {
  const labels = new Map([...state.config.labels, ...request.labels]);
  return {
    // A platform somebody asked for wins over the base's.
    platform: normalizePlatform(request.isPlatformExplicit ? request.targetPlatform : state.platform),
    ...(state.osFeatures === undefined ? {} : { osFeatures: state.osFeatures }),
    ...(state.author === undefined ? {} : { author: state.author }),
    config: containerConfig({ ...state.config, labels }, state.scope.env),
    ...(state.base === undefined ? {} : { base: state.base }),
    history: state.history,
    ...(epochSeconds === undefined ? {} : { epochSeconds }),
  };
}
