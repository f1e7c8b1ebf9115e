import { assert } from '../../core/assert.ts';
import { printPlatform } from '../../core/platform.ts';
import type { Span } from '../../core/source/span.ts';
import type { ResolvedBase } from '../resolver.ts';
import type { ImageSource } from '../stages/sources.ts';
import type { VertexID } from '../vertex.ts';
import type { Reading } from './reading.ts';

/** What the resolver said about an image that a reached stage names. */
export function resolvedImage(source: ImageSource, { reach }: Reading): ResolvedBase {
  const image = reach.images.resolved(source);
  assert(image !== undefined, `${source.reference} was resolved`);
  return image;
}

/**
 * The vertex of an image. One image of one platform is one vertex, however many stages use it.
 */
export function imageVertex(source: ImageSource, stage: string, span: Span, reading: Reading): VertexID {
  const { reference, platform } = resolvedImage(source, reading);
  const { showsPlatform, targetPlatform } = reading.request;
  const isTold = showsPlatform === true || printPlatform(platform) !== printPlatform(targetPlatform);
  const id = `image:${reference}${isTold ? ` ${printPlatform(platform)}` : ''}`;
  if (!reading.vertices.has(id)) {
    const label = `FROM ${reference}`;
    const op = { kind: 'image', reference, platform } as const;
    reading.vertices.set(id, { id, op, inputs: [], label, stage, span, ignoresCache: false });
  }
  return id;
}
