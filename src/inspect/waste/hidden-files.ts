import type { Stack } from '../stack-layers.ts';
import { type AspectSet, aspectSet, noAspects } from '../tree/aspects.ts';
import type { FileId } from '../tree/file-table.ts';

/** A stored file that nothing in the finished filesystem shows. */
export interface HiddenFile {
  readonly file: FileId;
  /** Index of the layer that stores it. */
  readonly layer: number;
  /** Index of the layer that hides it; the same one when its archive holds a name twice. */
  readonly hiddenBy: number;
  /** `copied`: stored again by `hiddenBy` with the same content, be it for another mode or owner or for nothing. */
  readonly how: 'deleted' | 'overwritten' | 'copied';
  /** What `hiddenBy` changed of it. */
  readonly aspects: AspectSet;
}

/**
 * All regular files that are stored in some layer and cannot be seen in the end. The sizes of these and of those
 * that can be seen add up to the sizes of all layers.
 */
export function* hiddenFiles(stack: Stack): Generator<HiddenFile, void, undefined> {
  const { files } = stack;
  for (const [layer, { tree }] of stack.layers.entries()) {
    for (let file = tree.start; file < tree.end; file++) {
      if (files.typeOf(file) !== 'file' || files.sizeOf(file) === 0 || stack.isVisible(file)) continue;
      yield { file, layer, ...hidingOf(stack, file, layer) };
    }
  }
}

const otherContent = aspectSet('type', 'content');

function hidingOf(
  { changeOf }: Stack,
  file: FileId,
  layer: number,
): Pick<HiddenFile, 'hiddenBy' | 'how' | 'aspects'> {
  const last = changeOf(file);
  if (last === undefined) return { hiddenBy: layer, how: 'overwritten', aspects: noAspects };
  const { kind, aspects, layer: hiddenBy } = last;
  if (kind === 'removed') return { hiddenBy, how: 'deleted', aspects };
  return { hiddenBy, how: (aspects & otherContent) === 0 ? 'copied' : 'overwritten', aspects };
}
