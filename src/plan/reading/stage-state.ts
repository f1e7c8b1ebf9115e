/** A stage while its instructions are read, one after the other. */
import type { Platform } from '../../core/platform.ts';
import { type ConfigDraft, copyConfig, draftOfConfig } from '../image/config-draft.ts';
import type { BaseLayers, HistoryDraft } from '../image/draft.ts';
import type { ResolvedBase } from '../resolver.ts';
import { copyScope, type Scope, scopeOfImage } from '../scope/stage-scope.ts';
import type { VertexID } from '../vertex.ts';

export interface StageState {
  readonly platform: Platform;
  readonly scope: Scope;
  readonly config: ConfigDraft;
  readonly history: HistoryDraft[];
  readonly base: BaseLayers | undefined;
  readonly osFeatures: readonly string[] | undefined;
  author: string | undefined;
  /** The filesystem so far. */
  top: VertexID | undefined;
  /** This very stage had a CMD: an ENTRYPOINT then keeps it (spec 3.9). */
  hasOwnCmd: boolean;
  /** A WORKDIR of the file was read, in this stage or one below. */
  hasWorkdir: boolean;
}

/** On nothing: the working directory alone is set. */
export function stateOnScratch(platform: Platform): StageState {
  return {
    platform,
    scope: scopeOfImage([], 'nothing'),
    config: draftOfConfig({ WorkingDir: '/' }),
    history: [],
    base: undefined,
    osFeatures: undefined,
    author: undefined,
    top: undefined,
    hasOwnCmd: false,
    hasWorkdir: false,
  };
}

/** On a base that its FROM does not tell. */
export function stateOnUnknown(platform: Platform): StageState {
  return { ...stateOnScratch(platform), scope: scopeOfImage([], 'image') };
}

/** On an image: config, author, layers and history are inherited, `created` and ONBUILD are not (spec 3.1). */
export function stateOnImage(image: ResolvedBase, vertex: VertexID): StageState {
  const { config } = image;
  return {
    platform: { ...image.platform, osVersion: image.platform.osVersion ?? config['os.version'] },
    scope: scopeOfImage(config.config?.Env ?? [], image.isUnknown === true ? 'image' : 'nothing'),
    config: draftOfConfig(config.config ?? {}),
    history: [],
    base: {
      vertex,
      diffIDs: config.rootfs.diff_ids,
      history: config.history ?? [],
      ...(config.created === undefined ? {} : { created: config.created }),
    },
    osFeatures: config['os.features'],
    author: config.author,
    top: vertex,
    hasOwnCmd: false,
    hasWorkdir: false,
  };
}

/** For `FROM stage`: everything it has at its end but ONBUILD (spec 4.3). */
export function stateOnStage(parent: StageState): StageState {
  return {
    ...parent,
    scope: copyScope(parent.scope),
    config: copyConfig(parent.config),
    history: [...parent.history],
    hasOwnCmd: false,
  };
}
