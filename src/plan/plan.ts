/** What planning takes and gives: plain data on both sides. */

import type { Platform } from '../core/platform.ts';
import type { Diagnostic } from '../core/source/diagnostic.ts';
import type { Dockerfile } from '../dockerfile/instruction.ts';
import type { IgnoreRules } from '../dockerfile/lint/evaluated.ts';
import type { ImageDraft } from './image/draft.ts';
import type { ExecOp, Vertex, VertexID } from './vertex.ts';

/** `--build-context NAME=VALUE`, as far as planning cares. */
export type NamedContext =
  /** `epochSeconds`: how old it is, where it comes from somewhere that says so. */
  | { readonly kind: 'tree'; readonly epochSeconds?: number | undefined }
  /** `reference` goes to the resolver as it is; `scratch` is the empty image. */
  | { readonly kind: 'image'; readonly reference: string };

/** What is to be built, and what planning has to know of the world. */
export interface PlanRequest {
  readonly dockerfile: Dockerfile;
  /** A stage name, any case; undefined means the last stage. */
  readonly target?: string | undefined;
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly targetPlatform: Platform;
  /** The person named the platform; otherwise a base of another platform decides for the image. */
  readonly isPlatformExplicit: boolean;
  /** Several platforms are built: labels and ids begin with this plan's. */
  readonly showsPlatform?: boolean | undefined;
  readonly buildPlatform: Platform;
  readonly contexts: ReadonlyMap<string, NamedContext>;
  /** How old the main context is, in seconds since the epoch; undefined for a directory. */
  readonly contextEpoch?: number | undefined;
  /** Merged last into the image's labels. */
  readonly labels: ReadonlyMap<string, string>;
  /** Stage names in lower case, or all. */
  readonly noCache: true | ReadonlySet<string>;
  /** Of the main context, for the check of COPY sources; absent when it is not known yet. */
  readonly ignoreRules?: IgnoreRules | undefined;
  /** What a RUN without --network gets. */
  readonly network: ExecOp['network'];
  /** Errors found before planning: of the parser, and of ignore files. The plan will fail; what else is wrong joins them. */
  readonly problems?: readonly Diagnostic[] | undefined;
  /** Errors beyond this many are not told. */
  readonly maxDiagnostics: number;
}

/** What is to be done for a target, and the image that it makes. */
export interface Plan {
  /** What the target needs and nothing else, inputs before their users. */
  readonly vertices: ReadonlyMap<VertexID, Vertex>;
  /** Undefined when the image has no filesystem at all. */
  readonly target: VertexID | undefined;
  readonly image: ImageDraft;
  readonly warnings: readonly Diagnostic[];
  /** Build arguments that something in the planned part took. */
  readonly usedBuildArgs: ReadonlySet<string>;
}
