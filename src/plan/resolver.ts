import type { Platform } from '../core/platform.ts';
import type { Span } from '../core/span.ts';
import type { ImageConfig } from '../oci/image-config.ts';

/** An image a stage starts from, or that files are taken from. */
export interface ResolvedBase {
  /** Canonical: `docker.io/library/debian:bookworm`; what progress shows and the image op asks for. */
  readonly reference: string;
  readonly config: ImageConfig;
  /** What the image was made for; differs from the platform asked for only where that was not fixed. */
  readonly platform: Platform;
  /** What the image holds could not be found out: `config` is empty, and nothing follows from what it lacks. */
  readonly isUnknown?: boolean;
}

/** Planning does no I/O: whoever plans brings this. Called at once for all images that are needed, and for no other. */
export interface BaseResolver {
  /**
   * @param reference as the Dockerfile or the named context has it, expanded
   * @param isPlatformFixed an image of another platform must not be taken even if it is the only one
   * @throws StrataError when there is no such image; planning adds where and what may have been meant
   */
  resolveBase(
    reference: string,
    platform: Platform,
    span: Span,
    isPlatformFixed: boolean,
  ): Promise<ResolvedBase>;
}
