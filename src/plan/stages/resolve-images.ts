import { RemoteError, StrataError } from '../../core/errors.ts';
import { printPlatform } from '../../core/platform.ts';
import type { Span } from '../../core/source/span.ts';
import type { Stage } from '../../dockerfile/instruction.ts';
import type { Findings } from '../findings.ts';
import { type BaseResolver, type ResolvedBase, unknownBase } from '../resolver.ts';
import { explainMissing, type MissingImage } from './missing-image.ts';
import type { ImageSource } from './sources.ts';

/** The images of one plan, each asked for once, at its first use. */
export interface ImageResolution {
  /** One that is missing is unknown from then on. */
  resolve(source: ImageSource, span: Span, by: Stage): Promise<ResolvedBase>;
  /** An image that `resolve` has given before. */
  resolved(source: ImageSource): ResolvedBase | undefined;
  /** Reports what looks misspelt among the missing; beside other errors also what a registry does not give. */
  reportMissing(stages: readonly Stage[], findings: Findings): void;
  /** @throws what the resolver threw for the first image in the file that is missing */
  throwMissing(): void;
}

/** Asks for base images, all that a build needs side by side; what is missing is told once, of all of them. */
export function resolveImages(resolver: BaseResolver): ImageResolution {
  const pending = new Map<string, Promise<ResolvedBase>>();
  const found = new Map<string, ResolvedBase>();
  const missing: MissingImage[] = [];

  const ask = async (source: ImageSource, span: Span, by: Stage): Promise<ResolvedBase> => {
    const { reference, platform } = source;
    const image = await resolver.resolveBase(reference, platform).catch((error: unknown) => {
      missing.push({ reference, span, by, error });
      return unknownBase(reference, platform);
    });
    found.set(keyOf(source), image);
    return image;
  };

  return {
    resolve(source, span, by) {
      const asked = pending.get(keyOf(source)) ?? ask(source, span, by);
      pending.set(keyOf(source), asked);
      return asked;
    },
    resolved: (source) => found.get(keyOf(source)),
    reportMissing(stages, findings) {
      for (const image of missing) {
        const { span, error } = image;
        const finding = explainMissing(image, stages);
        if (finding !== undefined) findings.error(finding);
        if (error instanceof StrataError) error.place ??= { source: findings.source, span };
      }
      if (findings.errors().length === 0) return;
      for (const image of missing) {
        const { span, error } = image;
        if (!(error instanceof RemoteError) || explainMissing(image, stages) !== undefined) continue;
        findings.error({ code: error.code, message: error.message, span, help: error.hint });
      }
    },
    throwMissing() {
      const [first] = missing.sort((a, b) => a.span.start - b.span.start);
      if (first !== undefined) throw first.error;
    },
  };
}

function keyOf({ reference, platform }: ImageSource): string {
  return `${reference} ${printPlatform(platform)}`;
}
