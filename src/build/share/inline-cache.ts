/**
 * A cache inside of an image: its config says which step made which layer. Nothing in it depends on when or
 * where the image was built, so that it stays as reproducible as it was.
 */
import { answersByDefinition } from '../../cache/share/recipe-mentions.ts';
import type { SharedCache, SharedLayer } from '../../cache/share/shared-cache.ts';
import type { StackLayer, StepRecord } from '../../cache/step-cache.ts';
import type { KeyDigest } from '../../core/digest.ts';
import { IntegrityError } from '../../core/errors.ts';
import { snapshotIDFor } from '../../layer/layer-record.ts';
import type { Manifest } from '../../oci/descriptor.ts';
import type { ImageConfig } from '../../oci/image-config.ts';
import {
  decodeShape,
  digest,
  flag,
  list,
  object,
  optional,
  type Shape,
  size,
  text,
} from '../../oci/shape.ts';
import type { Plan } from '../../plan/plan.ts';
import type { VertexID } from '../../plan/vertex.ts';
import type { StepAccount } from '../../solve/step-result.ts';
import { layerChain } from '../run/layer-chain.ts';

/** The member of the image config. */
export const inlineMember = 'strata.cache.v1';

interface InlineStep {
  readonly key: KeyDigest;
  readonly label: string;
  /** Which layer of the image it made; those below are what it stands on. */
  readonly layer: number;
  readonly standsAlone?: boolean | undefined;
  /** `QUESTION ANSWER`, as recipes note them. */
  readonly answers?: readonly string[] | undefined;
}

interface InlineCache {
  readonly baseLayers: number;
  readonly steps: readonly InlineStep[];
}

/** What the config of an image says of the steps that made its layers. */
export function inlineCache(plan: Plan, accounts: ReadonlyMap<VertexID, StepAccount>): InlineCache {
  const baseLayers = plan.image.base?.diffIDs.length ?? 0;
  const steps: InlineStep[] = [];
  for (const [index, id] of layerChain(plan).entries()) {
    const key = accounts.get(id)?.key;
    const vertex = plan.vertices.get(id);
    if (key === undefined || vertex === undefined) continue;
    const answers = answersByDefinition(key.recipe).map((answer) => answer.join(' '));
    steps.push({
      key: key.digest,
      label: vertex.label,
      layer: baseLayers + index,
      ...(vertex.op.kind === 'copy' && vertex.op.isLink ? { standsAlone: true } : {}),
      ...(answers.length === 0 ? {} : { answers }),
    });
  }
  return { baseLayers, steps };
}

const inline = object<InlineCache>({
  baseLayers: size,
  steps: list(
    object<InlineStep>({
      key: digest as Shape<KeyDigest>,
      label: text,
      layer: size,
      standsAlone: optional(flag),
      answers: optional(list(text)),
    }),
  ),
});

/**
 * Reads the cache in an image; undefined when it has none.
 * @throws IntegrityError `bad-cache`
 */
export function readInlineCache(
  configBytes: Uint8Array,
  config: ImageConfig,
  { layers }: Manifest,
): SharedCache | undefined {
  const holder = decodeShape(
    object<{ [inlineMember]?: InlineCache | undefined }>({ [inlineMember]: optional(inline) }),
    configBytes,
    'bad-cache',
    'image config',
  );
  const found = holder[inlineMember];
  if (found === undefined) return undefined;
  const { diff_ids: diffIDs } = config.rootfs;
  if (diffIDs.length !== layers.length)
    throw new IntegrityError('bad-cache', 'the image has layers without diffIDs');
  const times = layerTimes(config);
  const stack = diffIDs.map((diffID, index): StackLayer => {
    const createdAt = index < found.baseLayers ? undefined : times[index];
    return { snapshot: snapshotIDFor(diffID), ...(createdAt === undefined ? {} : { createdAt }) };
  });
  const shared: Record<string, SharedLayer> = {};
  for (const [index, diffID] of diffIDs.entries()) {
    const descriptor = layers[index];
    if (descriptor === undefined || index < found.baseLayers) continue;
    const { mediaType, digest: blob, size: bytes } = descriptor;
    shared[snapshotIDFor(diffID)] = { diffID, mediaType, digest: blob, size: bytes };
  }
  return {
    steps: found.steps.flatMap((step) => recordOf(step, stack)),
    layers: shared,
    lists: {},
    plans: [],
  };
}

function recordOf(step: InlineStep, stack: readonly StackLayer[]): StepRecord[] {
  const { key, label, layer, standsAlone = false, answers = [] } = step;
  const own = stack[layer];
  if (own?.createdAt === undefined) return [];
  const notes = answers.map((answer) => ['answer', answer] as const);
  return [
    {
      key,
      recipe: { kind: '', parts: [], notes },
      label,
      stack: standsAlone ? [own] : stack.slice(0, layer + 1),
      standsAlone,
      durationMs: 0,
    },
  ];
}

/** When each layer was made, by the history entry that is no empty layer. */
function layerTimes({ history = [] }: ImageConfig): (number | undefined)[] {
  return history
    .filter((entry) => entry.empty_layer !== true)
    .map(({ created }) => {
      const at = created === undefined ? Number.NaN : Date.parse(created);
      return Number.isNaN(at) ? undefined : at;
    });
}
