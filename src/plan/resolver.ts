import type { Platform } from '../core/platform.ts';
import type { ImageConfig } from '../oci/image-config.ts';

/** An image a stage starts from, or that files are taken from. */
export interface ResolvedBase {
  /** Canonical: `docker.io/library/debian:bookworm`; what progress shows and the image op asks for. */
  readonly reference: string;
  readonly config: ImageConfig;
  /** What the image was made for: one that exists for a single platform is taken whatever was asked for. */
  readonly platform: Platform;
  /** What the image holds could not be found out: `config` is empty, and nothing follows from what it lacks. */
  readonly isUnknown?: boolean;
}

/** An image of which nothing is known but that it is asked for. */
export function unknownBase(reference: string, platform: Platform): ResolvedBase {
  const { os, architecture } = platform;
  const config = { os, architecture, rootfs: { type: 'layers', diff_ids: [] } } as const;
  return { reference, config, platform, isUnknown: true };
}

/** Knows no image: for a file that is wrong, which nobody has to be asked for. */
export const noImages: BaseResolver = {
  resolveBase: async (reference, platform) => unknownBase(reference, platform),
};

/** Planning does no I/O: whoever plans brings this. Called at once for all images that are needed, and for no other. */
export interface BaseResolver {
  /**
   * @param reference as the Dockerfile or the named context has it, expanded
   * @throws StrataError when there is no such image; planning adds where and what may have been meant
   */
  resolveBase(reference: string, platform: Platform): Promise<ResolvedBase>;
}
