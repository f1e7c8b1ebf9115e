import { StrataError } from '../../core/errors.ts';
import { printPlatform } from '../../core/platform.ts';
import type { Span } from '../../core/span.ts';
import type { Stage } from '../../dockerfile/instruction.ts';
import type { Findings } from '../findings.ts';
import type { BaseResolver, ResolvedBase } from '../resolver.ts';
import { explainMissing, type MissingImage } from './missing-image.ts';
import type { ImageSource } from './sources.ts';

/** The images of one plan, each asked for once, at its first use. */
export interface ImageResolution {
  /** Undefined when there is none; `throwMissing` tells. */
  resolve(source: ImageSource, span: Span, by: Stage): Promise<ResolvedBase | undefined>;
  /** An image that `resolve` has given before. */
  resolved(source: ImageSource): ResolvedBase | undefined;
  /** @throws DockerfileError for names that look misspelt, else what the resolver threw for the first image in the file */
  throwMissing(stages: readonly Stage[], findings: Findings): void;
}

/** Asks for base images, all that a build needs side by side; what is missing is told once, of all of them. */
export function resolveImages(resolver: BaseResolver): ImageResolution {
  const pending = new Map<string, Promise<ResolvedBase | undefined>>();
  const found = new Map<string, ResolvedBase>();
  const missing: MissingImage[] = [];

  const ask = async (source: ImageSource, span: Span, by: Stage): Promise<ResolvedBase | undefined> => {
    const { reference, platform } = source;
    try {
      const image = await resolver.resolveBase(reference, platform);
      found.set(keyOf(source), image);
      return image;
    } catch (error) {
      missing.push({ reference, span, by, error });
      return undefined;
    }
  };

  return {
    resolve(source, span, by) {
      const asked = pending.get(keyOf(source)) ?? ask(source, span, by);
      pending.set(keyOf(source), asked);
      return asked;
    },
    resolved: (source) => found.get(keyOf(source)),
    throwMissing: (stages, findings) => throwMissing(missing, stages, findings),
  };
}

function keyOf({ reference, platform }: ImageSource): string {
  return `${reference} ${printPlatform(platform)}`;
}

function throwMissing(missing: MissingImage[], stages: readonly Stage[], findings: Findings): void {
  const unexplained: MissingImage[] = [];
  for (const image of missing.sort((a, b) => a.span.start - b.span.start)) {
    const finding = explainMissing(image, stages);
    if (finding === undefined) unexplained.push(image);
    else findings.error(finding);
  }
  findings.throwIfAny();
  const [first] = unexplained;
  if (first === undefined) return;
  if (first.error instanceof StrataError) first.error.place ??= { source: findings.source, span: first.span };
  throw first.error;
}
